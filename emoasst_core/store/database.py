"""The database: opened under its key, checked, brought up to date and locked; every library error is translated here.

A plain file that an EmoAsst before encryption wrote is encrypted in place when it is first opened, wherever it lies.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import DamagedError, StoreError
from emoasst_core.store import ballast, schema
from emoasst_core.store.columns import Row
from emoasst_core.store.conversion import encrypt_plain, require_ours
from emoasst_core.store.driver import PLAIN_HEAD, PURPOSE, connect, dbapi2, head_of, new_salt, raw_connection
from emoasst_core.store.key_card import derived, write_if_absent
from emoasst_core.store.keys import Keys

BUSY_TIMEOUT_S: Final[float] = 5.0  # a save takes milliseconds; who holds the file longer is another program at work

_DAMAGED: Final = ("is damaged.", "Put a backup in its place, or move it away to start with an empty database.")
_NO_ACCESS: Final = ("cannot be opened.", "Check that the folder exists and that you may write in it.")
_MEANINGS: Final[dict[int, tuple[str, str]]] = {
    dbapi2.SQLITE_BUSY: ("is in use by another program.", "Close the other EmoAsst window or command and try again."),
    dbapi2.SQLITE_LOCKED: ("is in use by another program.", "Close the other EmoAsst window or command and try again."),
    dbapi2.SQLITE_CORRUPT: _DAMAGED,
    dbapi2.SQLITE_NOTADB: ("is not an EmoAsst database, or is damaged.", _DAMAGED[1]),
    dbapi2.SQLITE_FULL: ("cannot grow: the disk is full.", "Free some space and try again; nothing saved so far is lost."),
    dbapi2.SQLITE_READONLY: ("may not be written to.", "Check the permissions of the file and its folder."),
    dbapi2.SQLITE_CANTOPEN: _NO_ACCESS,
    dbapi2.SQLITE_PERM: _NO_ACCESS,
    dbapi2.SQLITE_IOERR: ("cannot be read or written: the disk reports an error.", "Check the disk and try again."),
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors of the library into StoreError, naming the file and the next step."""
    try:
        yield
    except dbapi2.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes carry the plain one in their low byte
        meaning, next_step = _MEANINGS.get(code, (f"refused: {error}.", ""))
        kind = DamagedError if code in (dbapi2.SQLITE_CORRUPT, dbapi2.SQLITE_NOTADB) else StoreError
        raise kind(f"The database {path} {meaning}", next_step) from error


class Database:
    """One thread's connection to the family's file; use it in a `with` statement.

    Args:
        path: the file; made, with its folder, where it does not exist.
        create: False to refuse a file that does not exist.
        busy_timeout_s: how long to wait for another writer.
        keys: the key; None for that of this person's home.

    Raises:
        StoreError: the file is missing (`create=False`), not ours, locked, or written by a newer EmoAsst.
        DamagedError: its bytes are not what was written.
        KeyLostError: the key is not here, or the file needs another one; nothing was changed.
    """

    def __init__(
        self, path: Path, *, create: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S, keys: Keys | None = None
    ) -> None:
        self.path = Path(path)
        self.keys = keys or Keys()
        with translated(self.path), self._opening():
            self._prepare_file(create, busy_timeout_s)
            self._tables = connect(self.path, self.keys, busy_timeout_s)
        try:
            with translated(self.path):
                self._open()
        except BaseException:
            self._let_go()  # a file that is not ours to read is not ours to fold
            raise

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back and fold the write-ahead log into it.

        By a statement, during which other threads go on: the library's own closing, which does it for the last one, stops them
        all until the disk has answered.
        """
        with suppress(dbapi2.Error):  # somebody else is at it, or the disk is full: what is left is done at the next opening
            if not self._tables.conn.in_transaction:
                self._tables.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._let_go()

    def _let_go(self) -> None:
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
        try:
            with replacing(target) as partial, translated(self.path):
                self._tables.execute("VACUUM INTO ?", [str(partial)])
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
            for check in ("cipher_integrity_check", "integrity_check", "foreign_key_check"):
                try:
                    faults += [", ".join(map(str, row)) for row in self._tables.execute(f"PRAGMA {check}") if row != ("ok",)]
                except dbapi2.DatabaseError as error:
                    if getattr(error, "sqlite_errorcode", 0) & 0xFF != dbapi2.SQLITE_CORRUPT:
                        raise
                    faults.append(f"{check} gave up: {error}")
        return faults

    @contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"The database {self.path} {_NO_ACCESS[0]}", _NO_ACCESS[1]) from error

    def _prepare_file(self, create: bool, busy_timeout_s: float) -> None:
        """An encrypted file stands in its place afterwards, or whatever stood there that is not ours."""
        if not self.path.exists():
            if not create:
                raise StoreError(f"There is no database at {self.path}.", "Analyse a recording first, or give --database.")
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"The database {self.path} cannot be made: {error.strerror}.", _NO_ACCESS[1]) from error
            ballast.keep(self.path.parent)
            write_if_absent(self.path, self._empty_file())  # for this person's eyes; SQLite gives its side files the same mode
        elif self.path.stat().st_size == 0:
            with replacing(self.path) as partial:
                partial.write_bytes(self._empty_file())
        if head_of(self.path) == PLAIN_HEAD:
            encrypt_plain(self.path, self.keys, busy_timeout_s)

    def _empty_file(self) -> bytes:
        """An encrypted database without tables, as bytes: no other process can see it half made."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "empty"
            connection = raw_connection(path, derived(self.keys.master(), PURPOSE), BUSY_TIMEOUT_S, new_salt(self.keys))
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            connection.close()
            return path.read_bytes()

    def _open(self) -> None:
        version = self._identify()
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            self._tables.execute(f"PRAGMA {pragma}").fetchall()
        if 0 < version < len(schema.MIGRATIONS):
            self.back_up(self.path.with_name(f"{self.path.stem}.version{version}{self.path.suffix}"))
        if version < len(schema.MIGRATIONS):
            self._migrate()
        self._tables.execute("PRAGMA journal_mode = WAL").fetchall()

    def _identify(self) -> int:
        """Version of the file, before anything in it is touched."""
        with self.reading():
            version = self._number("user_version")
            require_ours(self._tables.conn, self.path)
        if version > len(schema.MIGRATIONS):
            raise StoreError(
                f"The database {self.path} was written by a newer EmoAsst (version {version}, known: {len(schema.MIGRATIONS)}).",
                "Install the newer EmoAsst, or choose another file with --database.",
            )
        return version

    def _migrate(self) -> None:
        """All steps in one transaction: whoever opens the file meanwhile waits, and never finds it half way."""
        with self.writing():
            for number in range(self._number("user_version"), len(schema.MIGRATIONS)):
                with self._tables.atomic():
                    self._tables.executescript(schema.MIGRATIONS[number])
                    self._tables.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                    self._tables.execute(f"PRAGMA user_version = {number + 1}")

    def _number(self, pragma: str) -> int:
        return int(self._tables.execute(f"PRAGMA {pragma}").fetchone()[0])
