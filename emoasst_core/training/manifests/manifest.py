"""What a data set lists: one row per clip, with its split, and everything that could not be used counted beside it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import ALIASES, EMOTIONS
from emoasst_core.errors import ManifestError

SPLITS: Final = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Row:
    """One clip.

    Attributes:
        id: unique within the manifest, "meld/test/dia0_utt0".
        split: "train", "dev", "test", or "" where the collection has no official one yet.
        label: emotion name; "" for a row that carries only `labels` or `valence`.
        video, audio: paths below the manifest's root, with forward slashes. Without a sound file the video's own sound is heard.
        start_s, end_s: the part of the file that is meant; end None is the end of the file.
        text: what is said, "" where unknown.
        speaker: who speaks; needed by the speaker-held-out protocols.
        group: unit of splitting and of the bootstrap (dialogue, actor).
        labels: soft or multi-label shares, {name: share in [0, 1]}.
        valence: sentiment where the collection has it.
        extra: unknown columns, kept.
    """

    id: str
    split: str
    label: str
    video: str | None = None
    audio: str | None = None
    start_s: float = 0.0
    end_s: float | None = None
    text: str = ""
    speaker: str = ""
    group: str = ""
    labels: Mapping[str, float] = field(default_factory=dict)
    valence: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowError:
    """A row whose clip is missing or unreadable. The row itself stays in the manifest."""

    id: str
    split: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A data set, ready to be read.

    Attributes:
        name: of the collection.
        root: folder that every path is resolved under.
        rows: in the order of the listing.
        errors: rows whose clip cannot be used, counted, never dropped or replaced.
        left_out: {label: count} of clips whose label is none of the seven emotions (calm, frustration ...).
        task: "single" label, "multi" labels or "valence".
    """

    name: str
    root: Path
    rows: tuple[Row, ...]
    errors: tuple[RowError, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    task: str = "single"

    def __post_init__(self) -> None:
        repeated = [row_id for row_id, count in Counter(row.id for row in self.rows).items() if count > 1]
        if repeated:
            raise ManifestError(f"{self.name}: the id {repeated[0]!r} stands on more than one row.", "Ids must be unique.")

    def __len__(self) -> int:
        return len(self.rows)

    def split(self, name: str) -> Manifest:
        """The rows of one split."""
        return replace(self, rows=tuple(row for row in self.rows if row.split == name))

    @property
    def labels(self) -> NDArray[np.int64]:
        """(num_rows,) emotion columns.

        Raises:
            ManifestError: a row has no emotion of its own.
        """
        for row in self.rows:
            if row.label not in EMOTIONS:
                raise ManifestError(f"{self.name}: {row.id} carries no emotion.", "Training needs one of the seven on every row.")
        return np.array([EMOTIONS.index(row.label) for row in self.rows], np.int64)

    @property
    def sizes(self) -> dict[str, int]:
        """{split: number of rows}."""
        return dict(Counter(row.split for row in self.rows))

    def content_hash(self) -> str:
        """Sixteen hex digits that change when any row does; the place of the root does not matter."""
        digest = hashlib.sha256(self.name.encode())
        for row in self.rows:
            digest.update(json.dumps(asdict(row), sort_keys=True, ensure_ascii=False, default=str).encode())
        return digest.hexdigest()[:16]

    def media_path(self, relative: str) -> Path:
        """Where a row's file lies.

        Raises:
            ManifestError: it would lie outside the root.
        """
        return path_below(self.root, relative)


def path_below(root: Path, relative: str) -> Path:
    """Resolve a listed path, refusing absolute paths, `..` and links that lead out of the root.

    Raises:
        ManifestError: the path leaves the root.
    """
    listed = PurePosixPath(relative)
    if listed.is_absolute() or ".." in listed.parts or PureWindowsPath(relative).drive or "\\" in relative:
        raise ManifestError(f"The path {relative!r} leaves the data folder.", "List paths relative to it, with forward slashes.")
    path = root / listed
    if not path.resolve().is_relative_to(root.resolve()):
        raise ManifestError(f"The path {relative!r} is a link out of the data folder.", "Put the file itself there.")
    return path


def emotion_name(label: str) -> str | None:
    """One of the seven, or None for any other label.

    >>> emotion_name("Happiness"), emotion_name("calm")
    ('joy', None)

    Raises:
        ManifestError: the label is a number: collections number their emotions in different orders.
    """
    key = label.strip().lower()
    if key.lstrip("+-").replace(".", "", 1).isdigit():
        raise ManifestError(f"The label {label!r} is a number.", f"Write the emotion's name: {', '.join(EMOTIONS)}.")
    key = ALIASES.get(key, key)
    return key if key in EMOTIONS else None


def missing_files(root: Path, rows: Iterable[Row]) -> tuple[RowError, ...]:
    """One error per row that lists a file which is not there or is empty."""
    errors = []
    for row in rows:
        for relative in (row.video, row.audio):
            if relative is None:
                continue
            path = path_below(root, relative)
            if not path.is_file():
                errors.append(RowError(row.id, row.split, f"{relative} is missing"))
                break
            if path.stat().st_size == 0:
                errors.append(RowError(row.id, row.split, f"{relative} is empty"))
                break
    return tuple(errors)


def assert_sizes(name: str, rows: Iterable[Row], expected: Mapping[str, int]) -> None:
    """Compare the splits with their published sizes.

    Raises:
        ManifestError: they differ; the message says how.
    """
    found = Counter(row.split for row in rows)
    if dict(found) != dict(expected):
        wanted = ", ".join(f"{split} {count:,}" for split, count in expected.items())
        present = ", ".join(f"{split} {found[split]:,}" for split in expected)
        raise ManifestError(f"{name}: expected {wanted} rows, found {present}.", "Get the official listing again, unchanged.")
