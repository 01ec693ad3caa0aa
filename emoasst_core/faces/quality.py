"""Whether a face crop can be read at all, and what is in the way if not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

DARK_LEVEL = 28.0  # mean grey of 255: below it webcam noise is as strong as the features
BRIGHT_LEVEL = 232.0  # above it cheeks and mouth are burnt out
MIN_DETAIL = 1.6  # mean absolute Laplacian at 64 pixels; a face out of focus by a tenth of its width falls below
DETAIL_SIDE = 64


def find_obstacle(crop: NDArray[np.uint8]) -> str:
    """Name what makes a crop unreadable.

    Args:
        crop: (s, s, 3) uint8 RGB.

    Returns:
        "too dark", "too bright", "too blurred", or "" if it can be read.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    level = float(grey.mean())
    if level < DARK_LEVEL:
        return "too dark"
    if level > BRIGHT_LEVEL:
        return "too bright"
    small = cv2.resize(grey, (DETAIL_SIDE, DETAIL_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    detail = float(np.abs(cv2.Laplacian(small, cv2.CV_32F)).mean()) * 40.0 / max(12.0, float(small.std()))
    return "too blurred" if detail < MIN_DETAIL else ""
