"""The crops of a face that one picture is read from, whether it is a photograph or a crop already."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Box, Frame
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.detector import FaceDetector

TINY_PX = 64  # a picture this small is a face crop already; no detector works below
# A crop that covers this much of the picture: the picture is a crop itself and is read as a whole too. On 250 FER+ faces both
# together are 1 to 2 points better than the tracker's crop on tight crops, 3 points worse on crops 1.3 times as wide.
TIGHT_SHARE = 0.85
SMALL_PX = 400  # pictures up to this size may be crops of a face
MARGIN_SHARE = 0.5  # with it OpenCV's cascade finds 70 % instead of 50 % of tight crops, and at the right size (400 FER+ faces)
MARGIN_GREY = 128
# (degrees, enlargement) of the looks at a picture: OpenCV's cascade finds 71 % of 150 FER+ faces in a scene at the first and
# 84 % at all of them, 30 % and 78 % of faces tilted by 10 to 25 degrees
LOOKS = ((0, 1.0), (0, 1.1), (15, 1.0), (-15, 1.0), (25, 1.0), (-25, 1.0))
SURE_SCORE = 0.8  # what a second look at a large picture must be sure of


def picture_views(image: NDArray[np.uint8], detector: FaceDetector) -> list[NDArray[np.uint8]]:
    """The tracker's crop, the whole picture if it is a crop already, or both.

    Args:
        image: (h, w, 3) uint8 RGB.
        detector: finds faces in pictures that are not crops already.

    Returns:
        (s, s, 3) uint8 each; empty for a picture too large to be a crop in which no face was found.
    """
    whole = central_square(image)
    if min(image.shape[:2]) <= TINY_PX:
        return [whole]
    may_be_crop = max(image.shape[:2]) <= SMALL_PX
    found = _find_face(image, detector)
    if found is None:
        return [whole] if may_be_crop else []
    seen, box = found
    tracked = crop(seen, box)
    was_hard = seen is not image and may_be_crop
    return [tracked, whole] if was_hard or len(tracked) >= TIGHT_SHARE * len(whole) else [tracked]


def _find_face(image: NDArray[np.uint8], detector: FaceDetector) -> tuple[NDArray[np.uint8], Box] | None:
    """The largest face of a picture, looked for again enlarged and turned where there is none at first.

    A film shows a face many times, a single picture does not; it leaves time for a second look.

    Returns:
        The picture, turned upright where that was needed, and the box to cut from it.
    """
    is_small = max(image.shape[:2]) <= SMALL_PX
    for angle, scale in LOOKS:
        turned = image if (angle, scale) == LOOKS[0] else _turned(image, angle, scale)
        faces = detector.detect(Frame(0.0, _framed(turned) if is_small else turned))
        if not is_small and (angle, scale) != LOOKS[0]:
            faces = [face for face in faces if face.score >= SURE_SCORE]
        if faces:
            box = crop_box(max(faces, key=lambda found: found.box.width), detector.name)
            margin = _margin(turned) if is_small else 0
            return turned, replace(box, x=box.x - margin, y=box.y - margin)
    return None


def central_square(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) -> (s, s, 3), the middle of a picture."""
    height, width = image.shape[:2]
    side = min(height, width)
    return crop(image, Box((width - side) / 2, (height - side) / 2, side, side))


def _margin(image: NDArray[np.uint8]) -> int:
    longer: int = max(image.shape[:2])
    return round(MARGIN_SHARE * longer)


def _framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With a grey margin: detectors miss, or cut too small, a face that fills its picture."""
    margin = _margin(image)
    return np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=MARGIN_GREY)


def _turned(image: NDArray[np.uint8], angle: float, scale: float) -> NDArray[np.uint8]:
    height, width = round(image.shape[0] * scale), round(image.shape[1] * scale)
    large = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) if scale != 1 else image
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(large, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
