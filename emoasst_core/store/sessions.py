"""Sessions in the database: written whole in one transaction, so that none is ever half there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from emoasst_core.datatypes import Timeline
from emoasst_core.errors import StoreError
from emoasst_core.store.ballast import given_up
from emoasst_core.store.columns import Row, moment_from_text, now_text, text_from_moment
from emoasst_core.store.database import Database
from emoasst_core.store.timeline import insert_timeline, read_timeline
from emoasst_core.store.utterances import UtteranceRow as UtteranceRow
from emoasst_core.store.utterances import insert_utterances, read_utterances

NUM_NEWEST_NAMED = 5  # sessions named in the message about one that is not there


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A whole analysed recording or live session. `started_at` has a time zone; an empty `session_id` gets one on saving.

    `marks_s` are the moments somebody asked about with "?" while it ran.
    """

    session_id: str
    recording: str
    started_at: datetime
    duration_s: float
    profile: str
    encoder_hash: str
    timeline: Timeline
    utterances: tuple[UtteranceRow, ...] = ()
    marks_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What a list of sessions shows."""

    session_id: str
    recording: str
    started_at: datetime
    duration_s: float
    profile: str
    encoder_hash: str
    num_utterances: int
    num_labelled: int


def new_session_id(started_at: datetime) -> str:
    """A name that can be typed and sorts by time, such as 20250131-174502-3fa9 (UTC)."""
    return f"{started_at.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def save_session(database: Database, record: SessionRecord) -> str:
    """Write a whole session, or nothing.

    Returns:
        The session's id.

    Raises:
        StoreError: the id is taken, a row breaks a rule of the schema, or the file cannot be written.
    """
    session_id = record.session_id or new_session_id(record.started_at)
    with database.writing():
        if database.rows("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)):
            raise StoreError(f"A session {session_id} is already saved.", "Delete it first, or save under another name.")
        key = database.execute(
            """INSERT INTO sessions (session_id, recording, started_at, duration_s, profile, encoder_hash)
               VALUES (?, ?, ?, ?, ?, ?)""",
            (
                session_id,
                record.recording,
                text_from_moment(record.started_at),
                float(record.duration_s),
                record.profile,
                record.encoder_hash,
            ),
        )
        insert_utterances(database, key, record.utterances)
        insert_timeline(database, key, record.timeline)
        rows = [(key, float(time_s)) for time_s in sorted(set(record.marks_s))]
        database.execute_many("INSERT INTO session_marks (session_key, time_s) VALUES (?, ?)", rows)
    return session_id


def fill_session(database: Database, record: SessionRecord) -> None:
    """Keep what was read late of a session that was saved without any readings.

    Raises:
        StoreError: there is no such session, or it has readings.
    """
    with database.writing():
        key = _session_key(database, record.session_id)
        (row,) = database.rows("SELECT encoder_hash, duration_s FROM sessions WHERE session_key = ?", (key,))
        if row["encoder_hash"]:
            raise StoreError(f"The session {record.session_id} has been read already.", "Open it.")
        duration_s = max(row["duration_s"], record.duration_s)
        database.execute(
            "UPDATE sessions SET profile = ?, encoder_hash = ?, duration_s = ? WHERE session_key = ?",
            (record.profile, record.encoder_hash, duration_s, key),
        )
        database.execute("DELETE FROM timelines WHERE session_key = ?", (key,))
        insert_utterances(database, key, record.utterances)
        insert_timeline(database, key, replace(record.timeline, duration_s=duration_s))


def list_sessions(database: Database, limit: int | None = None) -> list[SessionInfo]:
    """The sessions, last saved first."""
    rows = database.rows(
        """SELECT sessions.*, count(utterances.number) AS num_utterances, count(utterances.label) AS num_labelled
           FROM sessions LEFT JOIN utterances USING (session_key)
           GROUP BY session_key ORDER BY session_key DESC LIMIT ?""",
        (-1 if limit is None else limit,),
    )
    return [_info(row) for row in rows]


def find_session(database: Database, session_id: str) -> SessionInfo:
    """What the list shows of one session, without reading its timeline.

    Raises:
        StoreError: there is no such session; the newest ones are named.
    """
    rows = database.rows(
        """SELECT sessions.*, count(utterances.number) AS num_utterances, count(utterances.label) AS num_labelled
           FROM sessions LEFT JOIN utterances USING (session_key)
           WHERE session_id = ? GROUP BY session_key""",
        (session_id,),
    )
    if not rows:
        raise _unknown_session(database, session_id)
    return _info(rows[0])


def get_session(database: Database, session_id: str) -> SessionRecord:
    """A whole session as it was saved, with the labels given since.

    Raises:
        StoreError: there is no such session.
    """
    with database.reading():
        key = _session_key(database, session_id)
        (row,) = database.rows("SELECT * FROM sessions WHERE session_key = ?", (key,))
        return SessionRecord(
            session_id=row["session_id"],
            recording=row["recording"],
            started_at=moment_from_text(row["started_at"]),
            duration_s=row["duration_s"],
            profile=row["profile"],
            encoder_hash=row["encoder_hash"],
            timeline=read_timeline(database, key),
            utterances=read_utterances(database, key),
            marks_s=tuple(
                mark["time_s"]
                for mark in database.rows("SELECT time_s FROM session_marks WHERE session_key = ? ORDER BY time_s", (key,))
            ),
        )


def get_utterance(database: Database, session_id: str, number: int) -> UtteranceRow:
    """One utterance with its embeddings.

    Raises:
        StoreError: there is no such session or utterance; the message names those there are.
    """
    with database.reading():
        key = _session_key(database, session_id)
        found = read_utterances(database, key, number)
        (known,) = database.rows("SELECT min(number) AS first, max(number) AS last FROM utterances WHERE session_key = ?", (key,))
    if not found:
        there_are = f"It has {known['first']} to {known['last']}." if known["last"] else "It has none."
        raise StoreError(f"Session {session_id} has no utterance {number}.", there_are)
    return found[0]


def set_label(database: Database, session_id: str, number: int, label: str | None, labeller: str = "") -> bool:
    """Keep an adult's answer beside the model's guess; None takes the answer back.

    Returns:
        False where the session or utterance is not there, because it has been deleted.
    """
    with database.writing():
        rows = database.rows(
            "SELECT session_key FROM sessions JOIN utterances USING (session_key) WHERE session_id = ? AND number = ?",
            (session_id, number),
        )
        if rows:
            database.execute(
                "UPDATE utterances SET label = ?, labeller = ?, labelled_at = ? WHERE session_key = ? AND number = ?",
                (label, labeller if label else "", now_text() if label else None, rows[0]["session_key"], number),
            )
    return bool(rows)


def delete_session(database: Database, session_id: str) -> None:
    """Remove a session with its timeline, utterances and embeddings; shots made from it stay in the cache.

    Raises:
        StoreError: there is no such session.
    """
    with given_up(database.path.parent):
        with database.writing():
            database.execute("DELETE FROM sessions WHERE session_key = ?", (_session_key(database, session_id),))
        database.checkpoint()


def _session_key(database: Database, session_id: str) -> int:
    rows = database.rows("SELECT session_key FROM sessions WHERE session_id = ?", (session_id,))
    if not rows:
        raise _unknown_session(database, session_id)
    return int(rows[0]["session_key"])


def _unknown_session(database: Database, session_id: str) -> StoreError:
    newest = [info.session_id for info in list_sessions(database, NUM_NEWEST_NAMED)]
    next_step = f"Newest sessions: {', '.join(newest)}." if newest else "No session has been saved yet."
    return StoreError(f"There is no session {session_id}.", next_step)


def _info(row: Row) -> SessionInfo:
    return SessionInfo(
        session_id=row["session_id"],
        recording=row["recording"],
        started_at=moment_from_text(row["started_at"]),
        duration_s=row["duration_s"],
        profile=row["profile"],
        encoder_hash=row["encoder_hash"],
        num_utterances=row["num_utterances"],
        num_labelled=row["num_labelled"],
    )
