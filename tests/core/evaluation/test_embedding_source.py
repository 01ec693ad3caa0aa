"""Which crops a single picture is read from."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emoasst_core.datatypes import Box, Face, Frame
from emoasst_core.evaluation.embedding_source import EmbeddingSource
from emoasst_core.faces.crop import crop_box
from emoasst_core.faces.picture_views import LOOKS

MARK = 250  # the detector below takes the bright square for a face


class BrightSquareDetector:
    """Finds an upright bright square of at least 20 pixels, and only after as many looks as asked for."""

    name = "yunet"

    def __init__(self, score: float = 0.9, blind_looks: int = 0) -> None:
        self.score, self.blind_looks, self.num_looks = score, blind_looks, 0

    def detect(self, frame: Frame) -> list[Face]:
        self.num_looks += 1
        rows, columns = np.nonzero((frame.image > MARK - 10).all(2))
        if self.num_looks <= self.blind_looks or len(rows) < 400:
            return []
        left, top = float(columns.min()), float(rows.min())
        return [Face(0.0, Box(left, top, float(columns.max()) - left, float(rows.max()) - top), self.score)]


def picture(height: int, width: int, top: int, left: int, side: int) -> NDArray[np.uint8]:
    image = np.full((height, width, 3), 60, np.uint8)
    image[top : top + side, left : left + side] = MARK
    return image


def views_of(image: NDArray[np.uint8], detector: BrightSquareDetector) -> list[NDArray[np.uint8]]:
    return EmbeddingSource(None, detector).views(image)  # type: ignore[arg-type]


def test_a_tiny_picture_is_read_whole_without_looking_for_a_face():
    detector = BrightSquareDetector()
    views = views_of(picture(48, 48, 5, 5, 40), detector)
    assert [view.shape for view in views] == [(48, 48, 3)]
    assert detector.num_looks == 0


def test_a_crop_that_the_face_fills_is_read_as_cut_and_whole():
    assert [len(view) for view in views_of(picture(160, 160, 5, 5, 150), BrightSquareDetector())][1:] == [160]


@pytest.mark.parametrize("size", [(300, 300), (480, 640)])
def test_a_face_with_much_around_it_is_read_as_the_tracker_cuts_it(size: tuple[int, int]):
    image = picture(*size, 100, 120, 100)
    views = views_of(image, BrightSquareDetector())
    wanted = crop_box(Face(0.0, Box(120, 100, 99, 99), 0.9), "yunet")
    assert [len(view) for view in views] == [round(wanted.width)]
    assert views[0].mean() > 200


def test_a_picture_without_a_face_is_read_whole_after_every_look():
    detector = BrightSquareDetector()
    views = views_of(np.full((200, 300, 3), 60, np.uint8), detector)
    assert [view.shape for view in views] == [(200, 200, 3)]
    assert detector.num_looks == len(LOOKS)


def test_a_face_found_only_at_a_turned_look_is_cut_upright():
    turn = cv2.getRotationMatrix2D((320, 240), -15, 1.0)
    image = cv2.warpAffine(picture(480, 640, 190, 270, 100), turn, (640, 480), borderValue=(60, 60, 60))
    views = views_of(image, BrightSquareDetector(blind_looks=2))  # the third look turns by +15 degrees
    assert len(views) == 1
    inside = views[0][10:-10, 10:-10]
    assert (inside > MARK - 20).all(2).mean() > 0.97


def test_a_second_look_at_a_large_picture_must_be_sure():
    views = views_of(picture(480, 640, 100, 120, 100), BrightSquareDetector(score=0.6, blind_looks=1))
    assert [view.shape for view in views] == [(480, 480, 3)]
