"""Picks the clips of a saved session once, with the consents that hold, and keeps them."""

from __future__ import annotations

from collections.abc import Callable

from emoasst_core.review.clip_picker import pick_clips
from emoasst_core.store.clips import Clip, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import SessionRecord, get_session
from emoasst_core.store.shots import shots_for


def collect_clips(database: Database, session_id: str) -> tuple[Clip, ...]:
    """The clips of a session; picked now where that has not been done.

    Raises:
        StoreError: there is no such session.
    """
    kept = Clips(database).all(session_id)
    if kept:
        return kept
    record = get_session(database, session_id)
    shots = shots_for(database, record.encoder_hash)
    return Clips(database).add(pick_clips(record, record.marks_s, shots, consent_of(database, record)))


def clip_spans(database: Database, session_id: str) -> tuple[tuple[float, float], ...]:
    """(start, end) in seconds of the clips of a session: what may be kept of it where people agreed to clips only.

    Raises:
        StoreError: there is no such session.
    """
    return tuple((clip.start_s, clip.end_s) for clip in collect_clips(database, session_id))


def consent_of(database: Database, record: SessionRecord) -> Callable[[str], bool]:
    """Whether clips of a person may be kept.

    Of a recording that an adult opened, everybody: opening it stands for their consent. Of a live session only people who
    are known here and said yes to clips.
    """
    if record.recording:
        return lambda _person: True
    people = People(database)
    agreed = {person.person_id for person in people.all() if "clips" in people.consents(person.person_id)}
    return lambda person: person in agreed
