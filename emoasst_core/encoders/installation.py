"""Put a checked model in its place in one step, remember what was put there, and check it later."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoasst_core.encoders.card import read_json
from emoasst_core.encoders.checkpoints import sha256_of
from emoasst_core.encoders.conversion import convert
from emoasst_core.encoders.model_registry import PLAIN_NAME, SHA256, ModelEntry
from emoasst_core.errors import ModelError

RECORD_FILE = "installed.json"
CARDED_KINDS = ("open_clip", "wav2vec2")


@dataclass(frozen=True, slots=True)
class InstalledRecord:
    """What `installed.json` says: hashes of the files as published, and of the files that lie there now."""

    name: str
    revision: str
    published: Mapping[str, str]
    files: Mapping[str, str]


def install(entry: ModelEntry, staged: Path, models_folder: Path) -> Path:
    """Convert what was staged if the entry asks for it, record the hashes, and move the folder into place.

    Args:
        staged: a folder on the same disk as `models_folder` that holds the entry's files, already checked, and nothing else.

    Returns:
        The folder of the installed model. A former one is replaced only when the new one is whole.

    Raises:
        ModelError: the conversion failed or the disk refused.
    """
    published = {file.name: sha256_of(staged / file.name) for file in entry.files}
    try:
        if entry.convert:
            source = staged / entry.files[0].name
            convert(entry.convert, source, staged, entry.make_card())
            source.unlink()
        if entry.kind in CARDED_KINDS:
            entry.make_card().write(staged)
        return _place(InstalledRecord(entry.name, entry.revision, published, _hashes(staged)), staged, models_folder)
    except OSError as error:
        raise ModelError(f"{entry.name} could not be installed: {error}.", "Free some disk space and try again.") from error


def place_copy(record: InstalledRecord, staged: Path, models_folder: Path) -> Path:
    """Move a model that was installed elsewhere, copied and checked, into place.

    Raises:
        ModelError: the disk refused.
    """
    try:
        return _place(record, staged, models_folder)
    except OSError as error:
        raise ModelError(f"{record.name} could not be installed: {error}.", "Free some disk space and try again.") from error


def read_record(folder: Path) -> InstalledRecord | None:
    """What was recorded when the model in `folder` was installed; None if nothing was.

    Raises:
        ModelError: the record is damaged or names files outside the folder.
    """
    values = read_json(folder / RECORD_FILE)
    if not values:
        return None
    files, published = values.get("files"), values.get("published", {})
    if not isinstance(files, dict) or not isinstance(published, dict) or not files:
        raise ModelError(f"{folder / RECORD_FILE} is damaged.", "Download or import the model again.")
    for name, sha256 in [*files.items(), *published.items()]:
        if not PLAIN_NAME.fullmatch(name) or not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
            raise ModelError(f"{folder / RECORD_FILE} lists {name!r}, which is not allowed.", "Import the model from elsewhere.")
    return InstalledRecord(str(values.get("name", folder.name)), str(values.get("revision", "")), published, files)


def find_faults(folder: Path, entry: ModelEntry | None = None) -> list[str]:
    """Compare an installed model with its record, and with the list of models where that knows the files as they lie.

    Returns:
        One sentence per fault; empty if all is well.

    Raises:
        ModelError: the record is damaged.
    """
    record = read_record(folder)
    if record is None:
        return [f"{folder.name} was not installed by emoasst: it has no {RECORD_FILE} to compare with."]
    expected = dict(record.files)
    if entry is not None and not entry.convert:
        expected.update({file.name: file.sha256 for file in entry.files if file.sha256})
    faults = []
    for name, sha256 in expected.items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{folder.name}: {name} is missing.")
        elif (found := sha256_of(path)) != sha256:
            faults.append(f"{folder.name}: {name} has changed: its sha256 is {found}, expected {sha256}.")
    if entry is not None and entry.revision != record.revision:
        faults.append(f"{folder.name}: revision {record.revision or 'unknown'} is installed, {entry.revision} is listed.")
    return faults


def _place(record: InstalledRecord, staged: Path, models_folder: Path) -> Path:
    values = {"name": record.name, "revision": record.revision}
    text = json.dumps({**values, "published": dict(record.published), "files": dict(record.files)}, indent=2)
    (staged / RECORD_FILE).write_text(text + "\n", "utf-8")
    target, former = models_folder / record.name, models_folder / f".{record.name}.former"
    shutil.rmtree(former, ignore_errors=True)
    if target.exists():
        target.rename(former)
    try:
        os.replace(staged, target)  # noqa: PTH105  one rename: whole or not at all
    except OSError:
        if former.exists():
            former.rename(target)
        raise
    shutil.rmtree(former, ignore_errors=True)
    return target


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name != RECORD_FILE}
