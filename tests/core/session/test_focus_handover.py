"""Whose reading goes to the cue policy, and which voice goes with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from emoasst_core.classifier.familiarity import Familiarity
from emoasst_core.config import AnalysisOptions
from emoasst_core.cues.policy import CuePolicy, Reading
from emoasst_core.datatypes import Box, Modality
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.session.focus import Focus
from emoasst_core.session.observations import FaceMemory, SeenFace
from emoasst_core.session.stage_clock import StageClock

STEP_S = 0.1
MUM, DAD = "person 1", "person 2"
FACE, VOICE = np.full(4, 1.0, np.float32), np.full(4, 2.0, np.float32)


def probs(emotion: str) -> np.ndarray:
    values = np.full(NUM_EMOTIONS, 0.1 / (NUM_EMOTIONS - 1), np.float32)
    values[EMOTIONS.index(emotion)] = 0.9
    return values


class Book:
    """Faces say neutral, voices and both together sadness; the stretches of sound asked for are noted."""

    def __init__(self) -> None:
        self.lips = SimpleNamespace(speaker=lambda *_: None)
        self.timeline = SimpleNamespace(add_reading=lambda *_: None, add_absence=lambda *_: None)
        self.heard: list[tuple[float, float]] = []

    def embed_speech(self, start_s: float, end_s: float) -> np.ndarray:
        self.heard.append((start_s, end_s))
        return VOICE

    def embed_window(self, *_: Any) -> np.ndarray:
        return FACE

    def classify(self, embeddings: dict[Modality, np.ndarray], _person: str = "") -> np.ndarray:
        return probs("sadness" if Modality.VOICE in embeddings else "neutral")


class NotedPolicy(CuePolicy):
    """Remembers every reading with the person it was of."""

    def read(self, reading: Reading) -> None:
        self.readings.append((self.person, reading))


def test_the_voice_of_whoever_was_followed_before_is_not_laid_to_the_next_person():
    book, faces, policy = Book(), FaceMemory(), NotedPolicy(AnalysisOptions().cues)
    policy.readings = []
    focus = Focus(policy, book, faces, AnalysisOptions(transcribe=False), StageClock(), Familiarity())
    for step in range(1, 80):
        time_s, person = step * STEP_S, MUM if step <= 50 else DAD
        faces.note_frame(time_s)
        faces.add(person, SeenFace(time_s, Box(0.0, 0.0, 90.0, 90.0), True, FACE, ""))
        focus.read(time_s - STEP_S, time_s, 0.0, True, True)
    taken_over_s = min(reading.time_s for person, reading in policy.readings if person == DAD)
    mums = [reading for person, reading in policy.readings if person == MUM and reading.time_s > 2]
    assert {EMOTIONS[int(reading.probs.argmax())] for reading in mums} == {"sadness"}  # her voice is heard with her face
    own = [(reading.time_s, EMOTIONS[int(reading.probs.argmax())]) for person, reading in policy.readings if person == DAD]
    assert all(emotion == "neutral" for time_s, emotion in own if time_s < taken_over_s + 1.0)
    assert own[-1][1] == "sadness"  # his own voice counts as soon as there is enough of it
    assert all(start_s >= taken_over_s for start_s, end_s in book.heard if end_s > taken_over_s)
