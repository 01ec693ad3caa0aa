"""The SQLite file: opened, checked, brought up to date and locked here; every library error is translated here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import sqlite_utils

from emoasst_core.atomic_file import sync_and_rename
from emoasst_core.errors import StoreError
from emoasst_core.store import schema
from emoasst_core.store.columns import Row

BUSY_TIMEOUT_S: Final[float] = 5.0  # a save takes milliseconds; who holds the file longer is another program at work

_DAMAGED: Final = ("is damaged.", "Put a backup in its place, or move it away to start with an empty database.")
_NO_ACCESS: Final = ("cannot be opened.", "Check that the folder exists and that you may write in it.")
_MEANINGS: Final[dict[int, tuple[str, str]]] = {
    sqlite3.SQLITE_BUSY: ("is in use by another program.", "Close the other EmoAsst window or command and try again."),
    sqlite3.SQLITE_LOCKED: ("is in use by another program.", "Close the other EmoAsst window or command and try again."),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: ("is not an EmoAsst database, or is damaged.", _DAMAGED[1]),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full.", "Free some space and try again; nothing saved so far is lost."),
    sqlite3.SQLITE_READONLY: ("may not be written to.", "Check the permissions of the file and its folder."),
    sqlite3.SQLITE_CANTOPEN: _NO_ACCESS,
    sqlite3.SQLITE_PERM: _NO_ACCESS,
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk reports an error.", "Check the disk and try again."),
}


def connect(path: Path, busy_timeout_s: float) -> sqlite_utils.Database:
    """The only place where a connection is made; an encrypting driver would be put in here."""
    connection = sqlite3.connect(path, timeout=busy_timeout_s)
    return sqlite_utils.Database(connection, execute_plugins=False)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors of the library into StoreError, naming the file and the next step."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes carry the plain one in their low byte
        meaning, next_step = _MEANINGS.get(code, (f"refused: {error}.", ""))
        raise StoreError(f"The database {path} {meaning}", next_step) from error


class Database:
    """One thread's connection to the family's file; use it in a `with` statement.

    Args:
        path: the file; made, with its folder, where it does not exist.
        create: False to refuse a file that does not exist.
        busy_timeout_s: how long to wait for another writer.

    Raises:
        StoreError: the file is missing (`create=False`), not ours, damaged, locked, or written by a newer EmoAsst.
    """

    def __init__(self, path: Path, *, create: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = Path(path)
        self._prepare_file(create)
        with translated(self.path):
            self._tables = connect(self.path, busy_timeout_s)
        try:
            with translated(self.path):
                self._open()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; the last one to close folds the write-ahead log into it."""
        with translated(self.path):
            self._tables.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All of the block is saved or none of it; a block inside another can fail alone.

        Raises:
            StoreError: another program holds the write lock, the disk is full, or a row breaks a rule of the schema.
        """
        with translated(self.path):
            if self._tables.conn.in_transaction:
                with self._tables.atomic():
                    yield
                return
            self._tables.execute("BEGIN IMMEDIATE")  # waits for another writer now, not at the first changed row
            try:
                yield
                self._tables.commit()
            except BaseException:
                self._tables.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All queries of the block see the same moment, whatever others write meanwhile."""
        with translated(self.path), self._tables.atomic():
            yield

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        with translated(self.path):
            cursor = self._tables.execute(sql, parameters)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, values, strict=True)) for values in cursor]

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement that changes rows; returns the key of the last row inserted."""
        with translated(self.path):
            return int(self._tables.execute(sql, parameters).lastrowid or 0)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of many rows; call it inside `writing`."""
        with translated(self.path):
            self._tables.conn.executemany(sql, rows)

    def back_up(self, target: Path) -> None:
        """Write a whole copy, others reading and writing meanwhile; `target` is old or new, never half.

        Raises:
            StoreError: the copy cannot be written.
        """
        partial = target.with_name(target.name + ".partial")
        try:
            partial.unlink(missing_ok=True)
            with translated(self.path):
                self._tables.execute("VACUUM INTO ?", [str(partial)])
            sync_and_rename(partial, target)
        except OSError as error:
            raise StoreError(f"The backup {target} cannot be written: {error.strerror}.", "Check the folder and disk.") from error

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file, so that deleted rows are gone from both.

        Where somebody still reads an older moment the log stays until they finish; that is no error.
        """
        with translated(self.path):
            self._tables.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def faults(self) -> list[str]:
        """What a full check of the file finds wrong; empty if it is whole."""
        faults: list[str] = []
        with translated(self.path):
            for check in ("integrity_check", "foreign_key_check"):
                try:
                    faults += [", ".join(map(str, row)) for row in self._tables.execute(f"PRAGMA {check}") if row != ("ok",)]
                except sqlite3.DatabaseError as error:
                    if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
                        raise
                    faults.append(f"{check} gave up: {error}")
        return faults

    def _prepare_file(self, create: bool) -> None:
        if self.path.exists():
            return
        if not create:
            raise StoreError(f"There is no database at {self.path}.", "Analyse a recording first, or give --database.")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)  # for this person's eyes; SQLite gives its side files the same mode
        except OSError as error:
            raise StoreError(f"The database {self.path} cannot be made: {error.strerror}.", _NO_ACCESS[1]) from error

    def _open(self) -> None:
        version = self._identify()
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            self._tables.execute(f"PRAGMA {pragma}").fetchall()
        if 0 < version < len(schema.MIGRATIONS):
            self.back_up(self.path.with_name(f"{self.path.stem}.version{version}{self.path.suffix}"))
        for number in range(version, len(schema.MIGRATIONS)):
            self._migrate(number)
        self._tables.execute("PRAGMA journal_mode = WAL").fetchall()

    def _identify(self) -> int:
        """Version of the file, before anything in it is touched."""
        with self.reading():
            application_id, version = self._number("application_id"), self._number("user_version")
            is_new = not self.rows("SELECT 1 FROM sqlite_schema LIMIT 1") and application_id == version == 0
        if not is_new and application_id != schema.APPLICATION_ID:
            raise StoreError(f"{self.path} belongs to another program.", "Choose another file with --database.")
        if version > len(schema.MIGRATIONS):
            raise StoreError(
                f"The database {self.path} was written by a newer EmoAsst (version {version}, known: {len(schema.MIGRATIONS)}).",
                "Install the newer EmoAsst, or choose another file with --database.",
            )
        return version

    def _migrate(self, number: int) -> None:
        with self.writing():
            if self._number("user_version") != number:
                return  # another process did it while this one waited for the lock
            with self._tables.atomic():
                self._tables.executescript(schema.MIGRATIONS[number])
                self._tables.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                self._tables.execute(f"PRAGMA user_version = {number + 1}")

    def _number(self, pragma: str) -> int:
        return int(self._tables.execute(f"PRAGMA {pragma}").fetchone()[0])
