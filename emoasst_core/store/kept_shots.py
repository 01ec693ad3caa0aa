"""The mark of a shot that an adult looked at again and kept. It goes when the shot goes."""

from __future__ import annotations

from emoasst_core.store.database import Database


def mark_kept(database: Database, shot_id: int, amid: str) -> None:
    """Note what stood around a shot when it was kept; "" takes the note back."""
    with database.writing():
        database.execute("UPDATE shots SET kept_amid = ? WHERE shot_id = ?", (amid, shot_id))


def kept_marks(database: Database) -> dict[int, str]:
    """{shot of the cache that was kept: what stood around it then}."""
    rows = database.rows(
        """SELECT shot_id, kept_amid FROM shots JOIN cache_members USING (shot_id)
           WHERE kept_amid <> '' AND version = (SELECT max(version) FROM cache_versions)"""
    )
    return {row["shot_id"]: row["kept_amid"] for row in rows}
