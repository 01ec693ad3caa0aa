"""Deleting everything: what goes, noted first, so that a computer that stops in between goes on deleting at the next start."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoasst_core.atomic_file import write_atomically
from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.keys import Keys

NOTE: Final = "deleting-everything"
FOLDERS: Final = ("recordings", "sessions", "logs", "backups")
PATTERNS: Final = (
    "emoasst*.sqlite*",
    "*.damaged-*",
    "*.key.*.other",
    "keys.json*",
    "preferences.ini*",
    "*.ini",
    "room-for-deleting",
    "*.partial",
    ".*.partial",
    ".*.checking*",
)
IN_USE: Final = "Close other programs that use them, then start EmoAsst again: it goes on deleting."


@dataclass(frozen=True, slots=True)
class Kept:
    """How much has been kept of a family.

    Attributes:
        num_people, num_sessions: people entered, conversations looked at.
        num_recordings: sessions of which picture and sound, whole or in clips, were kept.
        num_clips: moments to ask about, answered or not.
        num_answers: answers that the cues learn from.
    """

    num_people: int
    num_sessions: int
    num_recordings: int
    num_clips: int
    num_answers: int


def what_is_kept(database: Database) -> Kept:
    """Count what deleting everything would remove."""
    tables = ("people", "sessions", "recordings", "clips", "shots")
    counts = [database.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in tables]
    return Kept(*counts)


def note_erasure(home: Path) -> None:
    """Note on the disk that everything is to go: from now on each start of the window deletes what is still there.

    Raises:
        StoreError: the folder may not be written in.
    """
    write_atomically(home / NOTE, b"")


def is_erasure_noted(home: Path) -> bool:
    """Whether everything was to be deleted, and something may be left."""
    return (home / NOTE).exists()


def forget_everything(home: Path) -> None:
    """Remove all that this person's EmoAsst keeps but the models, the backups beside it included.

    The key goes first: no copy, wherever it lies, can be read after that except by its recovery phrase.

    Raises:
        StoreError: some of it is in use or may not be deleted; the rest is gone, and the next start tries again.
    """
    with suppress(StoreError):  # on a full disk deleting matters more than going on with it later
        note_erasure(home)
    Keys(home).destroy()
    for path in _kept_in(home):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            _remove(path)
    if left := [path.name for path in _kept_in(home)]:
        raise StoreError(f"Some files could not be deleted: {', '.join(left)}.", IN_USE)
    _remove(home / NOTE)


def _kept_in(home: Path) -> Iterator[Path]:
    yield from (home / name for name in FOLDERS if (home / name).exists())
    yield from sorted({path for pattern in PATTERNS for path in home.glob(pattern)})


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # in use: what is left is named at the end
        return
