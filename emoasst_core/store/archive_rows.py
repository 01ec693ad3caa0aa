"""Every row of the family's data as JSON values, and back into an empty database, blobs and all digits included."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emoasst_core.errors import StoreError
from emoasst_core.store import schema
from emoasst_core.store.database import Database

# The PIN, the keys of recordings, and what is of no use without them: all of it belongs to this computer.
SECRETS: Final = frozenset({"gate", "recordings", "segments", "gaps"})
# Archives of this version and later are read; since then a column was added, and its default is what older rows mean.
OLDEST_SCHEMA: Final = 10
NEWER_COLUMNS: Final = frozenset({("shots", "kept_amid")})
_BLOB: Final = "base64"


def tables_of(database: Database) -> tuple[str, ...]:
    """The tables that belong to the family's data, each after those it refers to."""
    rows = database.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    names = [str(row["name"]) for row in rows if row["name"] not in SECRETS]
    ordered: list[str] = []
    while len(ordered) < len(names):
        ready = [name for name in names if name not in ordered and _needs(database, name) <= {*ordered, name, *SECRETS}]
        if not ready:
            raise StoreError("The tables of the database refer to each other in a circle.", "Please report this.")
        ordered += ready
    return tuple(ordered)


def dump_table(database: Database, table: str) -> Iterator[dict[str, Any]]:
    """The rows of one table in the order of their keys, as JSON values."""
    order = ", ".join(str(place) for place in range(1, len(_columns(database, table)) + 1))
    for row in database.rows(f"SELECT * FROM {_known(database, table)} ORDER BY {order}"):
        yield {name: _as_json(value) for name, value in row.items()}


def load_table(database: Database, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write the rows of one table; call it inside `database.writing()`, tables in the order of `tables_of`.

    Returns:
        How many were written.

    Columns that are newer than `OLDEST_SCHEMA` and have a default may be missing: rows of an older version get it.

    Raises:
        StoreError: a column is not there, or a row breaks a rule of the schema.
    """
    known = _columns(database, _known(database, table))
    columns = [name for name in known if not rows or name in rows[0] or (table, name) not in NEWER_COLUMNS]
    for row in rows:
        if set(row) != set(columns):
            raise StoreError(f"A row of {table} does not have the columns of this version.", "Export it again with this version.")
    marks = ", ".join("?" * len(columns))
    database.execute_many(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
        ([_from_json(row[name]) for name in columns] for row in rows),
    )
    return len(rows)


def is_empty(database: Database) -> bool:
    """Whether nothing of a family has been kept yet: no session, no answer, nobody but adults of whom only the name is known.

    The first start asks for such an adult before there is anything else.
    """
    known = """SELECT 1 FROM people WHERE role != 'adult' OR person_id IN (SELECT person_id FROM consents)
               OR person_id IN (SELECT person_id FROM face_pictures)"""
    queries = ("SELECT 1 FROM sessions", "SELECT 1 FROM shots", known)
    return not any(database.rows(f"{query} LIMIT 1") for query in queries)


def clear_tables(database: Database) -> None:
    """Take out the rows that a new database starts with; call it inside `database.writing()`."""
    for table in reversed(tables_of(database)):
        database.execute(f"DELETE FROM {table}")


def schema_version() -> int:
    """The version that rows of this program have."""
    return len(schema.MIGRATIONS)


def _needs(database: Database, table: str) -> set[str]:
    return {str(row["table"]) for row in database.rows(f"PRAGMA foreign_key_list({table})")}


def _columns(database: Database, table: str) -> list[str]:
    return [str(row["name"]) for row in database.rows(f"PRAGMA table_info({table})")]


def _known(database: Database, table: str) -> str:
    """The table's name, once it is sure that it is one of ours: it goes into SQL."""
    if table not in tables_of(database):
        raise StoreError(f"There is no table {table!r} in this version.", "Export it again with this version.")
    return table


def _as_json(value: object) -> object:
    return {_BLOB: base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value


def _from_json(value: object) -> Any:
    if isinstance(value, Mapping):
        try:
            return base64.b64decode(value[_BLOB], validate=True)
        except (KeyError, ValueError, TypeError) as error:
            raise StoreError("A value in the archive is damaged.", "Export it again.") from error
    if value is not None and not isinstance(value, str | int | float):
        raise StoreError("A value in the archive is of no kind that is kept.", "Export it again.")
    return value
