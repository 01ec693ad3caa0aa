"""SQLite with encryption (SQLCipher), put under sqlite-utils: the only module that imports either.

sqlite-utils takes its errors from the library it finds under the name pysqlite3; ours has to be there before.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Any, Final

import sqlcipher3
from sqlcipher3 import dbapi2 as dbapi2

sys.modules["pysqlite3"] = sqlcipher3
sys.modules["pysqlite3.dbapi2"] = dbapi2

import sqlite_utils  # noqa: E402 - after the names above

from emoasst_core.errors import KeyLostError  # noqa: E402
from emoasst_core.store.key_card import derived  # noqa: E402
from emoasst_core.store.keys import HEAD, Keys  # noqa: E402

PLAIN_HEAD: Final[bytes] = b"SQLite format 3\0"
SALT_BYTES: Final[int] = 16
PURPOSE: Final[str] = "database"


def head_of(path: Path) -> bytes:
    """The first 16 bytes; fewer if the file is shorter.

    Raises:
        OSError: as the system says it.
    """
    with path.open("rb") as handle:
        return handle.read(SALT_BYTES)


def connect(path: Path, keys: Keys, busy_timeout_s: float) -> sqlite_utils.Database:
    """A connection that reads and writes an encrypted file; the file must not be empty.

    Raises:
        KeyLostError: the file names another key than the one here; it is not touched.
    """
    return sqlite_utils.Database(raw_connection(path, key_for(path, keys), busy_timeout_s), execute_plugins=False)


def raw_connection(path: Path, key: bytes | None, busy_timeout_s: float, salt: bytes = b"") -> Any:
    """A bare connection with a key of 32 random bytes: no slow derivation stands before the first row. None for a plain file."""
    connection = dbapi2.connect(path, timeout=busy_timeout_s)
    if key is not None:
        connection.execute("PRAGMA cipher_log_level = NONE").fetchall()  # its messages are told as ours
        connection.execute(f"PRAGMA key = \"x'{key.hex()}{salt.hex()}'\"").fetchall()
    return connection


def key_for(path: Path, keys: Keys) -> bytes:
    """The key of an existing file, told by the file's head.

    Raises:
        KeyLostError: it is another one than ours, or ours is not here.
    """
    head = head_of(path)
    if head.startswith(HEAD) and head[len(HEAD) :][:4] != keys.card().key_id:
        raise KeyLostError(
            f"The database {path} was encrypted with another key. It has not been changed.",
            "Use the EmoAsst that wrote it, or `emoasst data restore` with its recovery phrase.",
        )
    return derived(keys.master(), PURPOSE)


def new_salt(keys: Keys) -> bytes:
    """The head of a new file: our mark, the key's id, and eight random bytes."""
    return HEAD + keys.card().key_id + secrets.token_bytes(SALT_BYTES - len(HEAD) - 4)
