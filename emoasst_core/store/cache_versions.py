"""The versions of the cache: each change is a new one, the last few can be brought back, and a bad one can be held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emoasst_core.errors import CacheError
from emoasst_core.store.columns import Row, moment_from_text, now_text
from emoasst_core.store.database import Database

NUM_VERSIONS_KEPT: Final[int] = 5  # earlier states that can be brought back


@dataclass(frozen=True, slots=True)
class CacheVersion:
    """One state of the cache; `change` says in words what made it, `num_held` how many of its shots do not count yet."""

    version: int
    created_at: datetime
    change: str
    num_shots: int
    num_held: int = 0


def current_version(database: Database) -> CacheVersion:
    """The state the cache is in."""
    return _versions(database)[0]


def earlier_versions(database: Database) -> list[CacheVersion]:
    """The states that can be brought back, newest first, at most `NUM_VERSIONS_KEPT`."""
    return _versions(database)[1:]


def rollback(database: Database) -> CacheVersion:
    """Undo the last change of the cache, exactly; again, and the change before it is undone.

    Returns:
        The version that is in force now.

    Raises:
        CacheError: no earlier version is kept.
    """
    with database.writing():
        if not earlier_versions(database):
            raise CacheError(
                "There is no earlier version of the cache to go back to.", f"The last {NUM_VERSIONS_KEPT} changes are kept."
            )
        database.execute("DELETE FROM cache_versions WHERE version = (SELECT max(version) FROM cache_versions)")
        _drop_unused_shots(database)
        return current_version(database)


def next_version(database: Database, change: str, sitting: str = "") -> int:
    """A version with the members of the last one, to be changed by the caller.

    Args:
        sitting: answers of one sitting go into one version, as long as no other change comes between; "" for one by itself.
    """
    (newest,) = database.rows("SELECT version, sitting FROM cache_versions ORDER BY version DESC LIMIT 1")
    if sitting and newest["sitting"] == sitting:
        return int(newest["version"])
    version = database.execute(
        "INSERT INTO cache_versions (created_at, change, sitting) VALUES (?, ?, ?)", (now_text(), change, sitting)
    )
    database.execute(
        """INSERT INTO cache_members (version, shot_id, is_held) SELECT ?, shot_id, is_held FROM cache_members
           WHERE version = (SELECT max(version) FROM cache_versions WHERE version < ?)""",
        (version, version),
    )
    return version


def drop_old_versions(database: Database) -> None:
    """Forget versions beyond the last few, and the shots that only they held."""
    database.execute(
        "DELETE FROM cache_versions WHERE version NOT IN (SELECT version FROM cache_versions ORDER BY version DESC LIMIT ?)",
        (NUM_VERSIONS_KEPT + 1,),
    )
    _drop_unused_shots(database)


def hold_back(database: Database, shot_ids: Iterable[int]) -> None:
    """Let these shots of the present version not count, until `release`; they stay listed and can be taken out."""
    _hold(database, shot_ids, is_held=True)


def release(database: Database, shot_ids: Iterable[int], in_all_versions: bool = False) -> None:
    """Let shots that were held back count; with `in_all_versions` as if they had never been held."""
    if not in_all_versions:
        _hold(database, shot_ids, is_held=False)
        return
    with database.writing():
        database.execute_many("UPDATE cache_members SET is_held = 0 WHERE shot_id = ?", ((shot_id,) for shot_id in shot_ids))


def _hold(database: Database, shot_ids: Iterable[int], is_held: bool) -> None:
    with database.writing():
        database.execute_many(
            """UPDATE cache_members SET is_held = ?
               WHERE shot_id = ? AND version = (SELECT max(version) FROM cache_versions)""",
            ((int(is_held), shot_id) for shot_id in shot_ids),
        )


def _versions(database: Database) -> list[CacheVersion]:
    rows: list[Row] = database.rows(
        """SELECT cache_versions.*, count(shot_id) AS num_shots, total(is_held) AS num_held
           FROM cache_versions LEFT JOIN cache_members USING (version) GROUP BY version ORDER BY version DESC"""
    )
    return [
        CacheVersion(row["version"], moment_from_text(row["created_at"]), row["change"], row["num_shots"], int(row["num_held"]))
        for row in rows
    ]


def _drop_unused_shots(database: Database) -> None:
    database.execute("DELETE FROM shots WHERE shot_id NOT IN (SELECT shot_id FROM cache_members)")
