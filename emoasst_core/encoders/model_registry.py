"""The models that can be fetched, as `assets/models.toml` lists them: where from, how big, by which hash known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emoasst_core import paths
from emoasst_core.encoders.card import KINDS, Card, card_from
from emoasst_core.errors import DownloadError, ModelError

PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # no separators, no leading dot: stays inside its folder everywhere
SHA256 = re.compile(r"[0-9a-f]{64}")
PINS = ("sha256", "first-use")
CONVERSIONS = ("", "emotionclip", "wav2vec2")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file as published. `sha256` is "" where unknown, `size_bytes` 0; `about_bytes` is for showing only."""

    name: str
    url: str = ""
    sha256: str = ""
    size_bytes: int = 0
    about_bytes: int = 0

    @property
    def shown_bytes(self) -> int:
        """The size to show beforehand; 0 if unknown."""
        return self.size_bytes or self.about_bytes


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model.

    Attributes:
        pin: "sha256" if every file's hash is known, else "first-use".
        convert: how the published file becomes safetensors; "" if it is used as it is.
        card: what `card.json` will say, except for what stands here already.
    """

    name: str
    title: str
    kind: str
    source: str
    licence: str
    files: tuple[ModelFile, ...]
    revision: str = ""
    pin: str = "sha256"
    convert: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_pinned(self) -> bool:
        """Whether every file is known by its hash."""
        return self.pin == "sha256"

    @property
    def by_hand(self) -> bool:
        """Whether the files have to be fetched with a browser."""
        return any(not file.url for file in self.files)

    @property
    def shown_bytes(self) -> int:
        """Size of all files to show beforehand; 0 if unknown."""
        return sum(file.shown_bytes for file in self.files)

    def make_card(self) -> Card:
        """The card of this model."""
        sha256 = self.files[0].sha256 if len(self.files) == 1 else ""
        stated = {"name": self.name, "kind": self.kind, "source": self.source, "licence": self.licence}
        return card_from({**stated, "revision": self.revision, "sha256": sha256, **self.card})


class ModelRegistry:
    """The list of models.

    Args:
        path: a list of your own (a mirror inside an institution); the one that ships with the program if None.

    Raises:
        ModelError: the list cannot be read, or an entry is not sound.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.assets_folder() / "models.toml"
        try:
            tables = tomllib.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"The list of models {self.path} cannot be read: {error}.") from error
        self._entries = {name: _entry_from(name, table) for name, table in tables.items()}

    def __iter__(self) -> Iterator[ModelEntry]:
        return iter(self._entries.values())

    def entry(self, name: str) -> ModelEntry:
        """The model called `name`.

        Raises:
            ModelError: there is none; lists those there are.
        """
        if name not in self._entries:
            raise ModelError(f"There is no model called {name!r}.", f"Known: {', '.join(self._entries)}.")
        return self._entries[name]


def check_url(url: str, after_https: bool = False) -> None:
    """Refuse addresses that others on the way could read or change; plain http only to this very computer.

    Args:
        after_https: the address was given by a server reached over https.

    Raises:
        DownloadError: the address is not allowed.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS and not after_https):
        return
    raise DownloadError(f"The address {url} is not a secure one (https).", "Nothing was fetched from it.")


def _entry_from(name: str, table: Any) -> ModelEntry:
    try:
        files = tuple(ModelFile(**given) for given in table["files"])
        entry = ModelEntry(**{**table, "name": name, "files": files})
    except (TypeError, KeyError) as error:
        raise ModelError(f"The entry [{name}] in the list of models cannot be used: {error}.") from error
    problem = _problem_of(entry)
    if problem:
        raise ModelError(f"The entry [{name}] in the list of models cannot be used: {problem}.")
    for file in files:
        if file.url:
            check_url(file.url)
    if entry.card:
        entry.make_card()
    return entry


def _problem_of(entry: ModelEntry) -> str:
    for name in (entry.name, *(file.name for file in entry.files)):
        if not PLAIN_NAME.fullmatch(name):
            return f"{name!r} is no plain name"
    if not entry.files or len({file.name for file in entry.files}) < len(entry.files):
        return "it must list files, each once"
    if entry.kind not in KINDS or entry.pin not in PINS or entry.convert not in CONVERSIONS:
        return "kind, pin or convert is unknown"
    if entry.convert and len(entry.files) != 1:
        return "only a single file can be converted"
    for file in entry.files:
        if not SHA256.fullmatch(file.sha256) and (entry.is_pinned or file.sha256):
            return f"the sha256 of {file.name} is missing or malformed"
    return ""
