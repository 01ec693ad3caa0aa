from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emoasst_core.faces.quality import BRIGHT_LEVEL, DARK_LEVEL, find_obstacle


def face(side: int = 96, level: float = 120.0, contrast: float = 1.0) -> NDArray[np.uint8]:
    """An oval with two eyes and a mouth, (side, side, 3): edges as a face in focus has them."""
    picture = np.full((480, 480), -40.0, np.float32)
    cv2.ellipse(picture, (240, 240), (160, 215), 0, 0, 360, 30.0, -1)
    for x in (175, 305):
        cv2.ellipse(picture, (x, 190), (38, 18), 0, 0, 360, -60.0, -1)
    cv2.ellipse(picture, (240, 350), (70, 20), 0, 0, 360, -50.0, -1)
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    grey = np.clip(level + contrast * (small - small.mean()), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize("side", [48, 96, 300])
@pytest.mark.parametrize("contrast", [0.4, 1.0])
def test_a_face_in_focus_can_be_read_at_any_size_and_contrast(side: int, contrast: float) -> None:
    assert find_obstacle(face(side, contrast=contrast)) == ""


@pytest.mark.parametrize(
    ("level", "obstacle"),
    [(DARK_LEVEL - 3, "too dark"), (DARK_LEVEL + 3, ""), (BRIGHT_LEVEL - 3, ""), (BRIGHT_LEVEL + 3, "too bright")],
)
def test_a_face_is_too_dark_or_too_bright_beyond_the_two_levels(level: float, obstacle: str) -> None:
    assert find_obstacle(face(level=level, contrast=0.2)) == obstacle


@pytest.mark.parametrize("contrast", [0.4, 1.0])
def test_a_face_out_of_focus_is_too_blurred_whatever_its_contrast(contrast: float) -> None:
    sharp = face(200, contrast=contrast)
    assert find_obstacle(np.asarray(cv2.GaussianBlur(sharp, (0, 0), 4), np.uint8)) == ""  # a fiftieth of its width
    assert find_obstacle(np.asarray(cv2.GaussianBlur(sharp, (0, 0), 20), np.uint8)) == "too blurred"  # a tenth
