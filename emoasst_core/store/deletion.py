"""Deleting for good: the rows are scrubbed, the log is folded in, and what was made from them goes too."""

from __future__ import annotations

from emoasst_core.store.columns import now_text
from emoasst_core.store.database import Database


def forget_person(database: Database, person_id: str) -> None:
    """Remove a person with their agreements, faces, readings, words and shots; the consent log keeps the bare id.

    Readings of the other people in the same sessions stay.
    """
    with database.writing():
        database.execute(
            """DELETE FROM words WHERE EXISTS (SELECT 1 FROM utterances WHERE utterances.session_key = words.session_key
               AND person = ? AND words.start_s < utterances.end_s AND words.end_s > utterances.start_s)""",
            (person_id,),
        )
        for table in ("clips", "utterances", "shots"):
            database.execute(f"DELETE FROM {table} WHERE person = ?", (person_id,))
        database.execute("DELETE FROM spans WHERE person = ?", (person_id,))
        database.execute("DELETE FROM session_people WHERE person_id = ?", (person_id,))
        database.execute("DELETE FROM people WHERE person_id = ?", (person_id,))
        database.execute(
            "INSERT INTO consent_log (happened_at, person_id, kind, action) VALUES (?, ?, 'all', 'forgotten')",
            (now_text(), person_id),
        )
    database.checkpoint()
