from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Box, Face, Frame
from emoasst_core.faces import tracker
from emoasst_core.faces.face_search import MISSING_EVERY_S, WHOLE_EVERY_S, FaceSearch
from emoasst_core.faces.look import Look
from emoasst_core.faces.tracker import FaceTracker

STEP_S = 0.1
SIDE = 100
RED, BLUE = (220, 40, 40), (40, 40, 220)
Person = tuple[int, tuple[int, int, int]]  # left edge of the face and its colour


class SquareDetector:
    """Coloured squares on grey are its faces; near search sees those within a third of a side of an expected box."""

    name = "squares"

    def __init__(self) -> None:
        self.num_whole = self.num_near = 0

    def detect(self, frame: Frame) -> list[Face]:
        self.num_whole += 1
        return self._squares(frame, 0.95)

    def detect_near(self, frame: Frame, boxes: list[Box]) -> list[Face]:
        self.num_near += 1
        faces = self._squares(frame, 0.6)
        return [face for face in faces if any(abs(face.box.x - box.x) < 0.35 * SIDE for box in boxes)]

    def _squares(self, frame: Frame, score: float) -> list[Face]:
        row = frame.image[150].astype(int)
        edges = np.flatnonzero(np.diff((np.ptp(row, axis=1) > 100).astype(int), prepend=0) == 1)
        return [Face(frame.time_s, Box(float(x), 100, SIDE, SIDE), score) for x in edges]


class WholeOnlyDetector:
    name = "squares"

    def __init__(self) -> None:
        self.num_whole = 0

    def detect(self, frame: Frame) -> list[Face]:
        self.num_whole += 1
        return []


def picture(step: int, *persons: Person) -> Frame:
    image = np.full((360, 640, 3), 90, np.uint8)
    for x, colour in persons:
        image[100 : 100 + SIDE, x : x + SIDE] = colour
    return Frame(step * STEP_S, image)


def search() -> tuple[FaceSearch, SquareDetector]:
    detector = SquareDetector()
    return FaceSearch(detector, FaceTracker(FaceOptions())), detector


def test_whoever_stays_is_searched_for_as_a_whole_only_now_and_then() -> None:
    finder, detector = search()
    for step in range(100):
        (face,) = finder.find(picture(step, (50 + 3 * step, RED)))
        assert (face.person, face.box.x) == ("person 1", 50 + 3 * step)
    assert detector.num_whole == round(100 * STEP_S / WHOLE_EVERY_S)
    assert detector.num_near == 100 - detector.num_whole


def test_a_second_person_is_found_within_half_a_second() -> None:
    finder, _ = search()
    for step in range(21):
        finder.find(picture(step, (50, RED)))
    seen = [len(finder.find(picture(step, (50, RED), (400, BLUE)))) for step in range(21, 30)]
    assert seen.index(2) * STEP_S <= WHOLE_EVERY_S
    assert seen[seen.index(2) :] == [2] * (len(seen) - seen.index(2))  # and then followed like the first


def test_a_jump_is_followed_in_the_same_picture() -> None:
    for last in range(10, 16):
        finder, _ = search()
        for step in range(last):
            finder.find(picture(step, (50, RED)))
        assert [face.box.x for face in finder.find(picture(last, (400, RED)))] == [400]


def test_nobody_is_searched_for_at_a_slower_pace_and_found_soon_after_coming() -> None:
    for first in range(20, 24):
        finder, detector = search()
        for step in range(first):
            assert finder.find(picture(step)) == []
        assert detector.num_whole <= first * STEP_S / MISSING_EVERY_S + 1
        seen = [len(finder.find(picture(step, (50, RED)))) for step in range(first, first + 4)]
        assert seen.index(1) * STEP_S < MISSING_EVERY_S


def test_a_face_that_left_is_gone_in_the_same_picture() -> None:
    finder, _ = search()
    for step in range(13):
        finder.find(picture(step, (50, RED)))
    assert finder.find(picture(13)) == []


def test_a_detector_without_a_near_search_searches_every_picture() -> None:
    detector = WholeOnlyDetector()
    finder = FaceSearch(detector, FaceTracker(FaceOptions()))
    for step in range(10):
        finder.find(picture(step))
    assert detector.num_whole == 10


def test_a_face_found_near_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    finder, detector = search()
    looked: list[Box] = []

    def look_at(image: np.ndarray, box: Box) -> Look:
        looked.append(box)
        return real(image, box)

    real = tracker.look_at
    monkeypatch.setattr(tracker, "look_at", look_at)
    for step in range(100):
        finder.find(picture(step, (50, RED), (400, BLUE)))
    assert detector.num_near > 70 and len(looked) == 200
