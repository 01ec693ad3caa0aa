"""A timeline as rows and back: what comes out equals what went in, order and all digits included."""

from __future__ import annotations

from emoasst_core.datatypes import CueState, Source, Timeline, TimelineSpan, Word
from emoasst_core.store.columns import Row, member, probs_from_text, text_from_probs
from emoasst_core.store.database import Database


def insert_timeline(database: Database, session_key: int, timeline: Timeline) -> None:
    """Write the rows of one timeline; call it inside `database.writing()`."""
    database.execute(
        "INSERT INTO timelines (session_key, recording, duration_s, words_model) VALUES (?, ?, ?, ?)",
        (session_key, timeline.recording, float(timeline.duration_s), timeline.words_model),
    )
    database.execute_many(
        """INSERT INTO spans (session_key, position, start_s, end_s, person, source, state, emotion, probs)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            (
                session_key,
                position,
                float(span.start_s),
                float(span.end_s),
                span.person,
                span.source.value,
                span.state.value,
                span.emotion,
                text_from_probs(span.probs),
            )
            for position, span in enumerate(timeline.spans)
        ),
    )
    database.execute_many(
        "INSERT INTO words (session_key, position, start_s, end_s, text) VALUES (?, ?, ?, ?, ?)",
        (
            (session_key, position, float(word.start_s), float(word.end_s), word.text)
            for position, word in enumerate(timeline.words)
        ),
    )


def read_timeline(database: Database, session_key: int) -> Timeline:
    """The timeline of one session; call it inside `database.reading()`."""
    (head,) = database.rows("SELECT * FROM timelines WHERE session_key = ?", (session_key,))
    spans = database.rows("SELECT * FROM spans WHERE session_key = ? ORDER BY position", (session_key,))
    words = database.rows("SELECT * FROM words WHERE session_key = ? ORDER BY position", (session_key,))
    return Timeline(
        recording=head["recording"],
        duration_s=head["duration_s"],
        spans=tuple(_span(row) for row in spans),
        words=tuple(Word(row["start_s"], row["end_s"], row["text"]) for row in words),
        words_model=head["words_model"],
    )


def _span(row: Row) -> TimelineSpan:
    return TimelineSpan(
        start_s=row["start_s"],
        end_s=row["end_s"],
        person=row["person"],
        source=member(Source, row["source"]),
        state=member(CueState, row["state"]),
        emotion=row["emotion"],
        probs=probs_from_text(row["probs"]),
    )
