"""Whether a face crop can be read at all, and what is in the way if not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

DARK_LEVEL = 28.0  # mean grey of 255: below it webcam noise is as strong as the features
BRIGHT_LEVEL = 232.0  # above it cheeks and mouth are burnt out
# Detail is the mean absolute Laplacian at 64 pixels over the picture's contrast. On 66 faces of film clips it is 12 to 17; with a
# Gaussian blur of 2 % of the face's width 3.6 or more, of 5 % a third of them fall below the limit, of 10 % all.
MIN_DETAIL = 1.6
DETAIL_SIDE = 64
USUAL_CONTRAST, MIN_CONTRAST = 40.0, 12.0  # standard deviation of the grey levels; noise is all that less contrast would show


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
    # shrunk as numbers with fractions: rounded to whole grey levels, a blurred picture has a detail of about 2 by rounding alone
    small = cv2.resize(grey.astype(np.float32), (DETAIL_SIDE, DETAIL_SIDE), interpolation=cv2.INTER_AREA)
    detail = float(np.abs(cv2.Laplacian(small, cv2.CV_32F)).mean()) * USUAL_CONTRAST / max(MIN_CONTRAST, float(small.std()))
    return "too blurred" if detail < MIN_DETAIL else ""
