"""What the tracker keeps of how a face looks, and when two looks cannot be of one person.

Colours are those of the face with hair and collar; shapes are `appearance.embed_appearance`. On the scenes that cue latency is
measured on (14 people, three pictures a second): of 496 pairs of one person in two expressions colours overlap by 0.974 or more
and shapes by 0.78; of 177 pairs of one person's neighbouring pictures by 0.984 and 0.879; of 2,816 pairs of two people by 0.54
and 0.77 in the median. That both lie below the limits here is true of 97 % of the pairs of two people and of no other pair. Light
changes colours and hardly shapes, a turned head shapes and hardly colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Box
from emoasst_core.faces.appearance import embed_appearance
from emoasst_core.faces.crop import crop

OTHER_COLOURS: Final = 0.97
OTHER_SHAPES: Final = 0.84
LIGHT_SHARE: Final = 0.25  # of brightness in the histogram: it changes with the lamp, hue and saturation less
CROP_SCALE: Final = 1.05  # of the box, see `crop`

Histogram = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """One face in one picture.

    Attributes:
        colours: (96,) see `colours_of`; None for a face at the very edge.
        picture: (s, s, 3) uint8 RGB, the tight crop.
    """

    colours: Histogram | None
    picture: NDArray[np.uint8]


def look_at(image: NDArray[np.uint8], box: Box) -> Look:
    """The look of the face at `box` of a picture, (h, w, 3) uint8 RGB."""
    side = CROP_SCALE * (box.width + box.height) / 2
    x, y = box.x + box.width / 2 - side / 2, box.y + box.height / 2 - side / 2
    return Look(colours_of(image, box), crop(image, Box(x, y, side, side)))


def is_somebody_else(before: Look | None, now: Look | None) -> bool:
    """Whether a face cannot be that of the picture before: neither colours nor shapes are alike; False where one is unknown."""
    if before is None or now is None or (alike := colour_likeness(before.colours, now.colours)) is None:
        return False
    return alike < OTHER_COLOURS and float(embed_appearance(before.picture) @ embed_appearance(now.picture)) < OTHER_SHAPES


def colours_of(image: NDArray[np.uint8], box: Box) -> Histogram | None:
    """(96,) hue and saturation of the face with hair and collar, and its brightness; sums to 1."""
    height, width = image.shape[:2]
    left, right = max(0, int(box.x - 0.2 * box.width)), min(width, int(box.x + 1.2 * box.width))
    top, bottom = max(0, int(box.y - 0.3 * box.height)), min(height, int(box.y + 1.6 * box.height))
    if right - left < 2 or bottom - top < 2:
        return None
    patch = cv2.resize(image[top:bottom, left:right], (48, 64), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(patch, cv2.COLOR_RGB2HSV)
    colour = cv2.calcHist([hsv], [0, 1], None, [16, 5], [0, 180, 0, 256]).ravel()
    light = cv2.calcHist([hsv], [2], None, [16], [0, 256]).ravel()
    both = np.concatenate([(1 - LIGHT_SHARE) * colour, LIGHT_SHARE * light])
    return np.asarray(both / both.sum(), np.float32)


def colour_likeness(one: Histogram | None, other: Histogram | None) -> float | None:
    """Bhattacharyya coefficient in [0, 1], None if either is unknown."""
    return None if one is None or other is None else float(np.sqrt(one * other).sum())
