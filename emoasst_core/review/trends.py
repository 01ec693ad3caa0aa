"""What the program did, session by session: how much it read, how often it was sure, how often an adult agreed.

These figures are about the program and the sessions it saw. They say nothing about how anybody is doing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from emoasst_core.datatypes import CueState
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.summary import shown_seconds
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session, list_sessions

MOST_SESSIONS = 60
SURE_STATES = (CueState.CLEAR, CueState.MAYBE)


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session in numbers.

    Attributes:
        sure_share: of the time with a cue, the part in which it named something; None where no cue was shown.
        num_answered: parts an adult answered with an emotion.
        num_named, num_right: of those, how many the program had named itself, and how many as the adult did.
    """

    session_id: str
    recording: str
    started_at: datetime
    duration_s: float
    sure_share: float | None
    num_answered: int
    num_named: int
    num_right: int


def session_figures(record: SessionRecord) -> SessionFigures:
    """The figures of one session."""
    shown_s, unsure_s = shown_seconds(record.timeline.spans)
    answered = [row for row in record.utterances if row.label in EMOTIONS]
    named = [row for row in answered if row.state in SURE_STATES]
    return SessionFigures(
        record.session_id,
        record.recording,
        record.started_at,
        record.duration_s,
        1 - unsure_s / shown_s if shown_s else None,
        len(answered),
        len(named),
        sum(row.emotion == row.label for row in named),
    )


def trends(database: Database) -> tuple[SessionFigures, ...]:
    """The figures of the last sessions, oldest first."""
    newest = list_sessions(database, MOST_SESSIONS)
    return tuple(session_figures(get_session(database, info.session_id)) for info in reversed(newest))
