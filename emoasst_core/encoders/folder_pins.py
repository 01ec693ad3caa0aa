"""Remembers the files of a model folder at its first use, so that nobody can change them later unnoticed.

Bundled and downloaded models have hashes that came with them. A folder of somebody's own (`--profile FOLDER`) has none: the first
use is trusted, and what lay there then is what has to lie there ever after, until somebody says that the change was theirs.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from emoasst_core import paths
from emoasst_core.atomic_file import write_atomically
from emoasst_core.encoders.card import read_json
from emoasst_core.encoders.checkpoints import sha256_of
from emoasst_core.errors import ModelError

PINS_FILE: Final = "model_folders.json"
MOST_NAMED: Final = 3
# What measuring a training run writes beside its model, and the features it learned from: nothing of them is read as a model.
RECORDS: Final = (
    "run_card.json", "run_card.md", "test_ledger.jsonl", "predictions_*.csv", "confusion_*.png", "grid_*.json", "features/*",
)  # fmt: skip


def require_unchanged(folder: Path) -> None:
    """Compare a model folder with its first use, or remember it now if this is the first. Bundled models are left alone.

    Raises:
        ModelError: a file is new, missing or other than it was; or the list of folders cannot be read.
        StoreError: the list cannot be kept.
    """
    if folder.resolve().is_relative_to(paths.assets_folder().resolve()):
        return
    changes = find_changes(folder)
    if changes is None:
        pin(folder)
    elif changes:
        more = f" and {len(changes) - MOST_NAMED} more" if len(changes) > MOST_NAMED else ""
        raise ModelError(
            f"The models in {folder} are not those of the first use: {'; '.join(changes[:MOST_NAMED])}{more}.",
            f"If that change is yours: `emoasst models verify {folder} --accept`. If not, do not use them.",
        )


def find_changes(folder: Path) -> list[str] | None:
    """What differs from the first use, one phrase each; None if the folder was never used.

    Raises:
        ModelError: the list of folders cannot be read.
    """
    pinned = _pins().get(_key(folder))
    if pinned is None:
        return None
    known = {name: sha256 for name, sha256 in pinned.items() if not _is_record(name)}
    found = _hashes(folder)
    changes = [
        f"{name} {'is missing' if name not in found else 'has changed'}" for name in known if found.get(name) != known[name]
    ]
    return changes + [f"{name} is new" for name in found if name not in known]


def pin(folder: Path) -> None:
    """Take the files as they lie there now for the right ones.

    Raises:
        ModelError: the list cannot be read.
        StoreError: the disk refused.
    """
    pins = {**_pins(), _key(folder): _hashes(folder)}
    write_atomically(_file(), (json.dumps(pins, indent=1) + "\n").encode())


def pinned_folders() -> list[Path]:
    """Every folder that was used.

    Raises:
        ModelError: the list cannot be read.
    """
    return [Path(name) for name in sorted(_pins())]


def _pins() -> dict[str, dict[str, str]]:
    pins = read_json(_file())
    if not all(isinstance(files, dict) for files in pins.values()):
        raise ModelError(f"{_file()} is damaged.", "Delete it: the next use of each model folder is then taken for the first.")
    return pins


def _file() -> Path:
    return paths.home() / PINS_FILE


def _key(folder: Path) -> str:
    return str(folder.resolve())


def _hashes(folder: Path) -> dict[str, str]:
    """Of every file in it, hidden ones and `RECORDS` aside; those that links lead to count as theirs."""
    names = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    shown = [name for name in sorted(names) if not any(part[0] == "." for part in name.parts)]
    return {name.as_posix(): sha256_of(folder / name) for name in shown if not _is_record(name.as_posix())}


def _is_record(name: str) -> bool:
    """Whether a file in a model folder is one of `RECORDS`; a pattern without a folder means the topmost level."""
    return any(fnmatchcase(name, pattern) and ("/" not in name or "/" in pattern) for pattern in RECORDS)
