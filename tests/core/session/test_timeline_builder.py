"""Readings become spans."""

from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.config import CueOptions
from emoasst_core.datatypes import Cue, CueState, Source
from emoasst_core.session.timeline_builder import TimelineBuilder


def probs(index: int, top: float) -> np.ndarray:
    values = np.full(7, (1 - top) / 6, np.float32)
    values[index] = top
    return values


def test_neighbouring_readings_that_say_the_same_are_one_span_with_their_mean():
    builder = TimelineBuilder(CueOptions(), 0.2)
    builder.add_reading(Source.FACE, 0.0, 0.4, "person 1", probs(1, 0.9))
    builder.add_reading(Source.FACE, 0.4, 0.8, "person 1", probs(1, 0.7))
    builder.add_reading(Source.FACE, 0.8, 1.2, "person 1", probs(2, 0.9))
    builder.add_reading(Source.FACE, 0.8, 1.2, "person 2", probs(2, 0.9))
    spans = builder.spans(2.0)
    assert [(span.person, span.emotion, span.start_s, span.end_s) for span in spans] == [
        ("person 1", "joy", 0.0, 0.8), ("person 1", "sadness", 0.8, 1.2), ("person 2", "sadness", 0.8, 1.2),
    ]  # fmt: skip
    assert spans[0].probs["joy"] == pytest.approx(0.8)


def test_readings_far_apart_stay_apart():
    builder = TimelineBuilder(CueOptions(), 0.2)
    for start_s in (0.0, 5.0):
        builder.add_reading(Source.VOICE, start_s, start_s + 1, "", probs(1, 0.9))
    assert len(builder.spans(10.0)) == 2


def test_a_cue_lasts_until_the_next_and_the_last_to_the_end():
    builder = TimelineBuilder(CueOptions(), 0.2)
    builder.add_cue(Cue(0.4, CueState.UNSURE))
    builder.add_cue(Cue(2.0, CueState.CLEAR, "joy"))
    spans = builder.spans(6.0)
    assert [(span.start_s, span.end_s, span.emotion) for span in spans] == [(0.4, 2.0, None), (2.0, 6.0, "joy")]
