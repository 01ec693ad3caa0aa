from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.datatypes import Box, Face
from emoasst_core.faces.crop import crop, crop_box


@pytest.mark.parametrize("detector_name", ["yunet", "cascade"])
def test_the_crop_is_a_square_about_the_face(detector_name: str) -> None:
    box = crop_box(Face(0.0, Box(100, 50, 80, 100), 0.9), detector_name)
    assert box.width == box.height
    assert abs(box.x + box.width / 2 - 140) < 5 and abs(box.y + box.height / 2 - 100) < 5
    assert 90 < box.width < 105


@pytest.mark.parametrize(
    ("detector_name", "expected"),
    [
        ("yunet", (100 - 50 * 0.1 + 0.6, 50 - 50 * 0.1 - 2.2, 110)),
        ("cascade", (100 - 50 * 0.05 + 0.3, 50 - 50 * 0.05 + 0.4, 105)),
    ],
)
def test_each_detectors_box_becomes_the_crop_that_was_measured_for_it(
    detector_name: str, expected: tuple[float, float, float]
) -> None:
    box = crop_box(Face(0.0, Box(100, 50, 100, 100), 0.9), detector_name)
    assert (box.x, box.y, box.width) == pytest.approx(expected, abs=0.01)


def test_the_crop_scales_and_moves_with_the_face() -> None:
    small = crop_box(Face(0.0, Box(10, 20, 40, 50), 0.9), "yunet")
    large = crop_box(Face(0.0, Box(20, 40, 80, 100), 0.9), "yunet")
    assert [large.x, large.y, large.width] == pytest.approx([2 * small.x, 2 * small.y, 2 * small.width], abs=0.01)


def test_inside_the_picture_the_pixels_are_copied() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    np.testing.assert_array_equal(crop(image, Box(10, 20, 30, 30)), image[20:50, 10:40])


def test_beyond_the_edge_the_last_pixels_go_on() -> None:
    image = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    piece = crop(image, Box(-10, -5, 40, 40))
    assert piece.shape == (40, 40, 3)
    np.testing.assert_array_equal(piece[5:, 10:], image[:35, :30])
    np.testing.assert_array_equal(piece[5:, :10], np.repeat(image[:35, :1], 10, 1))
    np.testing.assert_array_equal(piece[:5, 10:], np.repeat(image[:1, :30], 5, 0))
    np.testing.assert_array_equal(crop(image, Box(60, 40, 40, 40))[:20, :20], image[40:, 60:])


@pytest.mark.parametrize("box", [Box(-200, -200, 30, 30), Box(79, 59, 50, 50), Box(-300, -300, 700, 700), Box(5, 5, 0, 0)])
def test_any_box_gives_a_square(box: Box) -> None:
    piece = crop(np.full((60, 80, 3), 7, np.uint8), box)
    assert piece.shape == (max(1, round(box.width)),) * 2 + (3,) and piece.dtype == np.uint8
