"""Deleting for good: keys dropped, rows scrubbed, the log folded in, and what was made from them gone too.

Copies made before (backups, exports, archives) are files of their own and keep what they hold; `backups_beside` names those
that lie beside the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from emoasst_core.store.audit import note
from emoasst_core.store.columns import now_text
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import delete_session

SESSIONS = "sessions"


def forget_session(database: Database, session_id: str, keeps_answers: bool = False) -> None:
    """Remove a session: recording and its key, timeline, words, clips, files, and the answers given for it.

    Args:
        keeps_answers: leave what adults answered in the cache, as vectors without picture, sound or words.

    Raises:
        StoreError: there is no such session.
    """
    vault = MediaVault(database)
    is_recorded = session_id in vault.recorded_sessions()
    if is_recorded:
        vault.delete(session_id)
    with database.writing():
        if not keeps_answers:
            database.execute("DELETE FROM shots WHERE session_id = ?", (session_id,))
        database.execute("DELETE FROM session_people WHERE session_id = ?", (session_id,))
        note(database, "session deleted", {"session": session_id})
    if not is_recorded or database.rows("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)):
        delete_session(database, session_id)
    shutil.rmtree(database.path.parent / SESSIONS / vault.session_folder(session_id).name, ignore_errors=True)
    database.checkpoint()


def forget_person(database: Database, person_id: str) -> None:
    """Remove a person with their agreements, faces, readings, words, clips and shots, and every recording they are in.

    Readings of the other people in the same sessions stay; the tables and pictures written of those sessions go, and can be
    written again. The consent log keeps the bare id.
    """
    vault = MediaVault(database)
    sessions = sessions_with(database, person_id)
    for session_id in sessions:
        vault.delete(session_id)
    for session_id in _all_sessions_with(database, person_id):  # their tables and pictures hold words and readings
        shutil.rmtree(database.path.parent / SESSIONS / vault.session_folder(session_id).name, ignore_errors=True)
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
        note(database, "person deleted", {"person": person_id, "recordings": len(sessions)})
    database.checkpoint()


def sessions_with(database: Database, person_id: str) -> list[str]:
    """The recorded sessions in which somebody was, as said by an adult or as recognised."""
    recorded = set(MediaVault(database).recorded_sessions())
    return [session_id for session_id in _all_sessions_with(database, person_id) if session_id in recorded]


def _all_sessions_with(database: Database, person_id: str) -> list[str]:
    rows = database.rows(
        """SELECT session_id FROM session_people WHERE person_id = ?1
           UNION SELECT session_id FROM sessions JOIN spans USING (session_key) WHERE person = ?1
           UNION SELECT session_id FROM sessions JOIN utterances USING (session_key) WHERE person = ?1""",
        (person_id,),
    )
    return sorted(row["session_id"] for row in rows)


def backups_beside(database_path: Path) -> list[Path]:
    """Copies of the database that lie beside it: what is deleted stays in them until they are deleted too."""
    kept = (*database_path.parent.glob(f"{database_path.stem}.version*{database_path.suffix}"),)
    return sorted((*kept, *(database_path.parent / "backups").glob(f"*{database_path.suffix}")))


def what_backups_keep(backups: Sequence[Path]) -> str:
    """One sentence about older copies, for people; empty where there are none."""
    if not backups:
        return "Copies made elsewhere, such as exports and archives, are not changed."
    names = ", ".join(path.name for path in backups)
    return f"These older backups still hold it until you delete them: {names}. Exports and archives elsewhere are not changed."
