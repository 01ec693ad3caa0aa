from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import CueState, Modality, Source, Timeline, TimelineSpan, Word
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, save_session

FACE = np.eye(8, dtype=np.float32)[0]
VOICE = np.eye(8, dtype=np.float32)[1]


def span(start_s: float, end_s: float, person: str, source: Source, state: CueState, emotion: str | None = None) -> TimelineSpan:
    probs = {} if emotion is None and state is not CueState.UNSURE else {"joy": 0.61, "sadness": 0.25, "neutral": 0.14}
    return TimelineSpan(start_s, end_s, person, source, state, emotion, probs)


@pytest.fixture
def record() -> SessionRecord:
    """Two people, six seconds: read, shown and unread stretches; utterance 3 holds nothing."""
    spans = (
        span(0.0, 2.0, "person 1", Source.FACE, CueState.CLEAR, "joy"),
        span(1.0, 3.0, "person 1", Source.FACE, CueState.UNSURE),
        span(3.0, 4.0, "person 1", Source.FACE, CueState.CANT_SEE),
        span(0.5, 1.5, "", Source.VOICE, CueState.MAYBE, "joy"),
        span(0.6, 2.6, "person 1", Source.SHOWN, CueState.CLEAR, "joy"),
        span(2.6, 4.0, "person 1", Source.SHOWN, CueState.UNSURE),
        span(4.0, 6.0, "person 2", Source.SHOWN, CueState.MAYBE, "sadness"),
    )
    guess = {"joy": 0.61, "sadness": 0.25, "neutral": 0.14}
    utterances = (
        UtteranceRow(1, 0.5, 1.5, True, "person 1", "hello <there>", "joy", CueState.CLEAR, guess, {Modality.FACE: FACE}),
        UtteranceRow(2, 4.0, 5.0, True, "", "=1+1 & more", None, CueState.UNSURE, {}, {Modality.VOICE: VOICE}),
        UtteranceRow(3, 5.0, 6.0, False, "", "", None, CueState.CANT_SEE),
    )
    timeline = Timeline("clip.mp4", 6.0, spans, (Word(0.5, 0.9, "hello"),), "basic")
    started_at = datetime(2025, 1, 31, 17, 45, 2, tzinfo=UTC)
    return SessionRecord("evening", "clip.mp4", started_at, 6.0, "starter", "a" * 64, timeline, utterances)


@pytest.fixture
def database(tmp_path: Path, record: SessionRecord) -> Iterator[Database]:
    """A database that holds the record."""
    with Database(tmp_path / "emoasst.sqlite") as opened:
        save_session(opened, record)
        yield opened
