"""A database written anew under our key: one from before encryption, or a backup made under another key.

The old file is not touched until the new one is whole and has been compared with it row by row. Then the new one takes its
name in one step, so that a kill at any moment leaves the one or the other. No plain copy stays behind.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import DamagedError, StoreError
from emoasst_core.store import schema
from emoasst_core.store.driver import PURPOSE, dbapi2, new_salt, raw_connection
from emoasst_core.store.key_card import derived
from emoasst_core.store.keys import Keys

_log = logging.getLogger(__name__)


def encrypt_plain(path: Path, keys: Keys, busy_timeout_s: float) -> None:
    """Bring a plain database of an earlier EmoAsst under the key, once.

    Raises:
        StoreError: it belongs to another program, or another program is using it.
        DamagedError: the copy is not equal to it.
        sqlcipher3.Error: the file cannot be read; to be translated by the caller.
    """
    connection = raw_connection(path, None, busy_timeout_s)
    try:
        connection.isolation_level = None
        require_ours(connection, path)
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # the log beside it is folded in and gone
        write_under_key(connection, path, derived(keys.master(), PURPOSE), new_salt(keys))
    finally:
        connection.close()
    _log.info("the database %s is encrypted from now on", path)


def require_ours(connection: Any, path: Path) -> None:
    """Refuse a file that is not ours, before anything in it is touched.

    Raises:
        StoreError: it belongs to another program.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    is_empty = not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
    if application_id != schema.APPLICATION_ID and not (is_empty and application_id == 0):
        raise StoreError(f"{path} belongs to another program.", "Choose another file with --database.")


def write_under_key(connection: Any, target: Path, key: bytes, salt: bytes) -> None:
    """Write all that a connection shows into `target`, under a key; nobody else can write to it meanwhile.

    Raises:
        DamagedError: what was written is not equal to what was read.
        StoreError: the disk refuses.
    """
    try:
        with replacing(target) as partial:
            connection.execute(f"ATTACH DATABASE ? AS anew KEY \"x'{key.hex()}{salt.hex()}'\"", (str(partial),))
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("SELECT sqlcipher_export('anew')").fetchall()
            for name in ("application_id", "user_version"):
                (value,) = connection.execute(f"PRAGMA main.{name}").fetchone()
                connection.execute(f"PRAGMA anew.{name} = {value}")
            if not _is_equal(connection):
                raise DamagedError(f"The database {target} cannot be copied whole.", "Put a backup in its place.")
            connection.execute("COMMIT")
            partial.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}.", "Free some space and try again.") from error


def _is_equal(connection: Any) -> bool:
    tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    if tables != connection.execute("SELECT name FROM anew.sqlite_schema WHERE type = 'table' ORDER BY name").fetchall():
        return False
    for (name,) in tables:
        counts = {connection.execute(f'SELECT count(*) FROM {side}."{name}"').fetchone() for side in ("main", "anew")}
        missing = f'SELECT 1 FROM (SELECT * FROM main."{name}" EXCEPT SELECT * FROM anew."{name}") LIMIT 1'
        if len(counts) != 1 or connection.execute(missing).fetchall():
            return False
    try:
        return bool(connection.execute("PRAGMA anew.integrity_check").fetchall() == [("ok",)])
    except dbapi2.DatabaseError:
        return False
