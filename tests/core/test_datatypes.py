from __future__ import annotations

import json
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from emoasst_core.datatypes import (
    SAMPLE_RATE_HZ,
    AudioBlock,
    CueState,
    Prediction,
    Source,
    Timeline,
    TimelineSpan,
    Transcript,
    Word,
)
from emoasst_core.emotions import EMOTIONS


def prediction(*probs: float) -> Prediction:
    return Prediction(1.0, 2.0, Source.FACE, np.array(probs, np.float32), "person 1")


def test_a_prediction_names_the_likeliest_emotion_and_how_far_ahead_it_is() -> None:
    joyful = prediction(0.25, 0.5, 0.125, 0.0625, 0.0625, 0.0, 0.0)

    assert joyful.emotion == "joy"
    assert joyful.confidence == 0.5
    assert joyful.margin == 0.25


def test_two_equally_likely_emotions_have_no_margin() -> None:
    assert prediction(0.5, 0.5, 0, 0, 0, 0, 0).margin == 0.0


def test_a_block_ends_just_after_its_last_sample() -> None:
    block = AudioBlock(2.5, np.zeros(SAMPLE_RATE_HZ // 2, np.float32))

    assert block.end_s == 3.0


def test_the_words_of_a_transcript_are_joined_by_single_spaces() -> None:
    transcript = Transcript((Word(0.0, 0.4, " How"), Word(0.4, 0.6, "are "), Word(0.6, 1.0, "you?")), "tiny")

    assert transcript.text == "How are you?"


def test_values_cannot_be_changed_after_they_are_made() -> None:
    with pytest.raises(FrozenInstanceError):
        prediction(1, 0, 0, 0, 0, 0, 0).person = "person 2"  # type: ignore[misc]


def test_values_travel_between_processes_whole() -> None:
    sent = prediction(0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1)

    arrived = pickle.loads(pickle.dumps(sent))

    assert (arrived.start_s, arrived.source, arrived.person) == (sent.start_s, sent.source, sent.person)
    np.testing.assert_array_equal(arrived.probs, sent.probs)


def test_a_timeline_is_written_in_the_documented_layout() -> None:
    probs = dict.fromkeys(EMOTIONS, 1 / 7)
    spans = (
        TimelineSpan(0.0, 1.23456, "person 1", Source.SHOWN, CueState.CLEAR, "joy", probs),
        TimelineSpan(1.23456, 2.0, "", Source.FACE, CueState.CANT_SEE),
    )
    timeline = Timeline("talk.mp4", 2.00049, spans, (Word(0.5, 0.75, "hello"),), "basic")

    written = json.loads(json.dumps(timeline.as_dict()))

    assert written == {
        "recording": "talk.mp4",
        "duration_s": 2.0,
        "words_model": "basic",
        "spans": [
            {
                "start_s": 0.0,
                "end_s": 1.235,
                "person": "person 1",
                "source": "shown",
                "state": "CLEAR",
                "emotion": "joy",
                "probs": dict.fromkeys(EMOTIONS, 0.1429),
            },
            {"start_s": 1.235, "end_s": 2.0, "person": "", "source": "face", "state": "CANT_SEE", "emotion": None, "probs": {}},
        ],
        "words": [{"start_s": 0.5, "end_s": 0.75, "text": "hello"}],
    }
