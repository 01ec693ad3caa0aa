"""Backups of the database: made while others work, put back only after they have been checked; nothing is ever thrown away."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from emoasst_core.atomic_file import replacing, write_atomically
from emoasst_core.errors import DamagedError, StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.deletion import backups_beside
from emoasst_core.store.key_card import COPY_FILE, card_bytes


def back_up(database: Database, target: Path | None = None) -> Path:
    """Write a whole copy and, beside it, the card of its key; both are useless without key or phrase.

    Args:
        target: the file; None for the folder `backups` beside the database.

    Raises:
        StoreError: it cannot be written.
    """
    if target is None:
        target = database.path.parent / "backups" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}{database.path.suffix}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The backup {target} cannot be written: {error.strerror}.", "Check the folder and disk.") from error
    database.back_up(target)
    write_atomically(target.with_suffix(".keys.json"), card_bytes(database.keys.card()))
    return target


def backups(database_path: Path) -> list[tuple[Path, datetime, int]]:
    """(file, when it was made, its bytes) of the backups beside a database, newest first."""
    found = [(path, path.stat()) for path in backups_beside(database_path)]
    made = [(path, datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size) for path, stat in found]
    return sorted(made, key=lambda entry: entry[1], reverse=True)


def restore(backup: Path, database_path: Path) -> Path | None:
    """Put a backup in the place of the database, which is moved aside with its log.

    Returns:
        Where the former database lies now; None if there was none.

    Raises:
        StoreError: the backup is missing, damaged, or of another key; nothing was changed.
    """
    require_whole(backup)
    try:
        with replacing(database_path) as partial:
            shutil.copyfile(backup, partial)
            partial.chmod(0o600)
            aside = _move_aside(database_path)
    except OSError as error:
        raise StoreError(f"The backup cannot be put back: {error.strerror}.", "Free some space and try again.") from error
    return aside


def set_aside(database_path: Path) -> Path | None:
    """Move a damaged database aside, with its log, so that an empty one can be begun.

    Returns:
        Where it lies now; None if there was none.

    Raises:
        StoreError: its folder may not be written in.
    """
    try:
        return _move_aside(database_path)
    except OSError as error:
        raise StoreError(f"The database cannot be moved aside: {error.strerror}.", "Check the folder's permissions.") from error


def _move_aside(database_path: Path) -> Path | None:
    if not database_path.exists():
        return None
    aside = database_path.with_name(f"{database_path.name}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    for suffix in ("-wal", "-shm", ""):  # a log left behind would be played into what comes next
        part = database_path.with_name(database_path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


def require_whole(backup: Path) -> None:
    """Check every page of a backup, on a copy of it, so that the backup itself is not even opened for writing.

    Raises:
        StoreError: missing, damaged, or of another key.
    """
    checked = backup.with_name(f".{backup.name}.checking")
    try:
        shutil.copyfile(backup, checked)
        with Database(checked, create=False) as database:
            faults = database.faults()
    except OSError as error:
        raise StoreError(f"The backup {backup} cannot be read: {error.strerror}.", "Choose another one.") from error
    except DamagedError as error:
        raise DamagedError(f"{backup} is not a backup of EmoAsst, or is damaged.", "Choose another one.") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            checked.with_name(checked.name + suffix).unlink(missing_ok=True)
    if faults:
        raise DamagedError(f"The backup {backup} is damaged: {faults[0]}.", "Choose another one.")


def adopt_card(card_file: Path, home: Path) -> bool:
    """Take over the key card of a backup where this home has no key yet; the recovery phrase then opens the backup."""
    if (home / "keys.json").exists() or not card_file.exists():
        return False
    data = card_file.read_bytes()
    for name in ("keys.json", COPY_FILE):
        write_atomically(home / name, data)
    return True
