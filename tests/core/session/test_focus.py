"""What one step makes of a face and a voice: whose voice it is, whether they contradict each other, when a face has changed."""

from types import SimpleNamespace

import numpy as np
import pytest

from emoasst_core.classifier.familiarity import Familiarity
from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import Box, Face
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.session.face_reader import FaceReader
from emoasst_core.session.focus import Focus
from emoasst_core.session.observations import FaceMemory, SeenFace
from emoasst_core.session.pipeline import is_frontal
from emoasst_core.session.stage_clock import StageClock


def probs_of(emotion, prob=0.8):
    probs = np.full(NUM_EMOTIONS, (1 - prob) / (NUM_EMOTIONS - 1), np.float32)
    probs[EMOTIONS.index(emotion)] = prob
    return probs


class Book:
    """Embeddings are probabilities already: those of a window are the mean of its faces, face and voice together that of both."""

    def __init__(self, faces, voice=None, speaker=None):
        self._faces, self._voice = faces, voice
        self.lips = SimpleNamespace(speaker=lambda *_: speaker)
        self.timeline = SimpleNamespace(add_reading=lambda *_: None, add_absence=lambda *_: None)

    def embed_window(self, person, start_s, end_s):
        return np.mean([face.embedding for face in self._faces.between(person, start_s, end_s)], axis=0)

    def embed_speech(self, _start_s, _end_s):
        return self._voice

    def classify(self, embeddings, _person=""):
        return np.mean(list(embeddings.values()), axis=0)


class Policy:
    """Remembers what it was told, and follows whoever it is given."""

    def __init__(self):
        self.person, self.readings = "", []

    def switch_person(self, person):
        self.person = person

    def read(self, reading):
        self.readings.append(reading)

    def check_staleness(self, _time_s):
        return None


def read_at_2_s(face, voice=None, speaker=None, is_turned=False, others=()):
    """The reading of somebody in view for two seconds, who spoke all the time or in whose room somebody spoke."""
    faces, policy = FaceMemory(), Policy()
    for number in range(21):
        faces.note_frame(number / 10)
        for place, person in enumerate(("person 1", *others)):
            box = Box(200.0 * place, 0.0, 100.0 - 10 * place, 100.0)
            faces.add(person, SeenFace(number / 10, box, not is_turned, face))
    focus = Focus(policy, Book(faces, voice, speaker), faces, AnalysisOptions(), StageClock(), Familiarity())
    focus.read(1.9, 2.0, 0.5 if voice is not None else None, has_picture=True, has_sound=True)
    return policy.readings[-1]


@pytest.mark.parametrize(
    ("face", "voice", "is_conflict"),
    [
        (probs_of("joy"), probs_of("anger"), True),
        (probs_of("joy"), probs_of("neutral"), False),  # a calm voice beside a smile
        (probs_of("neutral"), probs_of("anger"), False),
        (probs_of("joy"), probs_of("joy"), False),
        (probs_of("joy"), probs_of("anger", 0.4), False),  # not sure enough to contradict
    ],
)
def test_face_and_voice_contradict_each_other_where_both_are_sure_of_another_feeling(face, voice, is_conflict):
    assert read_at_2_s(face, voice).is_conflict is is_conflict


def test_a_voice_counts_for_the_face_whose_lips_moved_and_for_nobody_else():
    face, voice = probs_of("joy", 0.6), probs_of("sadness", 0.9)
    both = (face + voice) / 2
    assert np.allclose(read_at_2_s(face, voice, speaker="person 1", others=("person 2",)).probs, both)
    assert np.allclose(read_at_2_s(face, voice, speaker="person 2", others=("person 2",)).probs, face)
    assert np.allclose(read_at_2_s(face, voice, speaker="").probs, face)  # all lips rested: it came from elsewhere
    assert np.allclose(read_at_2_s(face, voice, speaker=None).probs, both)  # nobody else is there
    assert np.allclose(read_at_2_s(face, voice, speaker=None, others=("person 2",)).probs, face)


def test_a_turned_face_is_supported_only_by_a_voice_that_says_the_same():
    anger = probs_of("anger")
    assert read_at_2_s(anger).is_supported
    assert not read_at_2_s(anger, is_turned=True).is_supported
    assert read_at_2_s(anger, probs_of("anger", 0.5), is_turned=True).is_supported
    assert not read_at_2_s(anger, probs_of("joy", 0.4), is_turned=True).is_supported


@pytest.mark.parametrize(("newest", "is_cut"), [(probs_of("surprise", 0.9), True), (probs_of("surprise", 0.4), False)])
def test_the_window_of_a_face_begins_anew_where_two_pictures_are_sure_of_something_else(newest, is_cut):
    faces = FaceMemory()
    shown = [probs_of("joy", 0.9)] * 6 + [newest] * 2
    for number, embedding in enumerate(shown):
        faces.note_frame(number / 10)
        faces.add("person 1", SeenFace(number / 10, Box(0, 0, 100, 100), True, embedding))
    found = FaceReader(Book(faces), faces, 0.8).read("person 1", 0.7)
    assert found.is_fresh is is_cut
    assert np.allclose(found.probs, newest if is_cut else np.mean(shown, axis=0), atol=1e-6)


@pytest.mark.parametrize(("nose_x", "expected"), [(50, True), (42, True), (58, True), (38, False), (62, False), (75, False)])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_face_is_frontal_while_its_nose_lies_between_its_eyes(nose_x, expected, is_mirrored):
    eyes = [(30.0, 40.0), (70.0, 40.0)]
    points = (*(eyes[::-1] if is_mirrored else eyes), (float(nose_x), 60.0))
    assert is_frontal(Face(0.0, Box(0, 0, 100, 100), 0.9, landmarks=points)) is expected


def test_a_face_without_landmarks_was_found_by_a_detector_of_frontal_faces():
    assert is_frontal(Face(0.0, Box(0, 0, 100, 100), 0.9))
