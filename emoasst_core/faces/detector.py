"""Finds faces in a picture: YuNet where its file is installed, else the cascade that OpenCV carries."""

from __future__ import annotations

import hashlib
import logging
import math
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Box, Face, Frame
from emoasst_core.errors import ModelError

YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"  # face_detection_yunet_2023mar.onnx
YUNET_SCORE = 0.7  # on film clips real faces score 0.8 to 0.95; below 0.6 lies what only resembles one

# On 445 frames of film clips at 480 px (397 with a face, by YuNet): steps of 1.2 with 4 neighbours miss 2.6 %, in 20 ms;
# steps of 1.1 miss 0.5 %, in 36 ms. A single missed frame costs nothing, because the tracker bridges it.
CASCADE_STEP = 1.2
CASCADE_NEIGHBOURS = 4
CASCADE_SCORE = 0.6  # a cascade face: must be seen again before the tracker believes it
CONFIRMED_SCORE = 0.95  # ... one in which an eye was found as well: believed at once
NEAR_MARGIN = 0.35  # around a face followed, in box sides: at ten pictures a second a head moves less
NEAR_GROWTH = 1.35  # ... and comes nearer or goes away by less

_log = logging.getLogger(__name__)


class FaceDetector(Protocol):
    """Finds the faces of one picture; knows nothing of the pictures before."""

    name: str

    def detect(self, frame: Frame) -> list[Face]:
        """Faces of at least `min_face_px`, largest first, boxes in pixels of the picture given."""


def open_detector(options: FaceOptions, yunet_path: Path | None) -> FaceDetector:
    """The best detector there is.

    Args:
        options: how faces are looked for.
        yunet_path: YuNet's onnx file; None, a missing or (with a warning in the log) a damaged file selects the cascade.
    """
    if yunet_path is not None and yunet_path.is_file():
        try:
            return YuNetDetector(yunet_path, options)
        except ModelError as error:
            _log.warning("%s %s Faces are found with OpenCV's own detector meanwhile.", error, error.next_step)
    return CascadeDetector(options)


class YuNetDetector:
    """YuNet (Wu et al. 2023), about 9 ms for a picture 480 pixels wide.

    Args:
        path: its onnx file; refused unless the checksum is the known one.
        options: how faces are looked for.

    Raises:
        ModelError: missing or a different file.
    """

    name = "yunet"

    def __init__(self, path: Path, options: FaceOptions | None = None) -> None:
        self._options = options or FaceOptions()
        try:
            model = path.read_bytes()
        except OSError as error:
            raise ModelError(f"The face detector {path} cannot be read.", "Install it again.") from error
        if hashlib.sha256(model).hexdigest() != YUNET_SHA256:
            raise ModelError(f"{path.name} is not the face detector it should be (checksum differs).", "Install it again.")
        self._net = cv2.FaceDetectorYN.create(
            "onnx", np.frombuffer(model, np.uint8), np.zeros(0, np.uint8), (320, 320), score_threshold=YUNET_SCORE
        )

    def detect(self, frame: Frame) -> list[Face]:
        """See `FaceDetector.detect`; landmarks are the eyes, the tip of the nose and the corners of the mouth."""
        picture, scale = _shrunk(frame.image, self._options.detection_width_px)
        self._net.setInputSize((picture.shape[1], picture.shape[0]))
        rows = self._net.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
        if rows is None:
            return []
        faces = []
        for row in rows:
            x, y, width, height = (float(value) / scale for value in row[:4])
            points = tuple((float(row[k]) / scale, float(row[k + 1]) / scale) for k in range(4, 14, 2))
            faces.append(Face(frame.time_s, Box(x, y, width, height), float(row[14]), landmarks=points))
        return _plausible(faces, self._options.min_face_px)


class CascadeDetector:
    """OpenCV's frontal face cascade (Viola and Jones 2001; Lienhart 2003), about 20 ms for a picture 480 pixels wide.

    A cascade also fires on folds and leaves. A face in whose upper half an eye is found is reported as certain; any
    other with a low score, which makes the tracker wait until it is seen again.
    """

    name = "cascade"

    def __init__(self, options: FaceOptions | None = None) -> None:
        self._options = options or FaceOptions()
        self._faces = _cascade("haarcascade_frontalface_alt2.xml")
        self._eyes = _cascade("haarcascade_eye_tree_eyeglasses.xml")

    def detect(self, frame: Frame) -> list[Face]:
        """See `FaceDetector.detect`."""
        picture, scale = _shrunk(frame.image, self._options.detection_width_px)
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        smallest = max(20, math.floor(self._options.min_face_px * scale))
        boxes = self._faces.detectMultiScale(grey, CASCADE_STEP, CASCADE_NEIGHBOURS, minSize=(smallest, smallest))
        faces = []
        for x, y, width, height in np.asarray(boxes, int).reshape(-1, 4).tolist():
            score = CONFIRMED_SCORE if self._has_eye(grey[y : y + height, x : x + width]) else CASCADE_SCORE
            faces.append(Face(frame.time_s, Box(x / scale, y / scale, width / scale, height / scale), score))
        return _plausible(faces, self._options.min_face_px)

    def detect_near(self, frame: Frame, boxes: list[Box]) -> list[Face]:
        """See `SearchesNear.detect_near`; about 2 ms a face."""
        scale = min(1.0, self._options.detection_width_px / frame.image.shape[1])
        faces = [face for box in boxes for face in self._near(frame, box, scale)]
        return _plausible(faces, self._options.min_face_px)

    def _near(self, frame: Frame, box: Box, scale: float) -> list[Face]:
        height, width = frame.image.shape[:2]
        left, top = max(0, int(box.x - NEAR_MARGIN * box.width)), max(0, int(box.y - NEAR_MARGIN * box.height))
        right = min(width, int(box.x + (1 + NEAR_MARGIN) * box.width))
        bottom = min(height, int(box.y + (1 + NEAR_MARGIN) * box.height))
        smallest, largest = int(box.width * scale / NEAR_GROWTH), int(box.width * scale * NEAR_GROWTH)
        if min(right - left, bottom - top) * scale < max(20, smallest):
            return []
        grey = cv2.cvtColor(frame.image[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
        if scale < 1.0:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found = self._faces.detectMultiScale(
            grey, CASCADE_STEP, CASCADE_NEIGHBOURS, minSize=(smallest, smallest), maxSize=(largest, largest)
        )
        places = np.asarray(found, int).reshape(-1, 4) / scale + np.array([left, top, 0, 0])
        return [Face(frame.time_s, Box(*place), CASCADE_SCORE) for place in places.tolist()]

    def _has_eye(self, face: NDArray[np.uint8]) -> bool:
        size = 96  # eyes are then about 20 px wide, which is the cascade's own window
        upper = cv2.resize(face, (size, size))[size // 8 : size * 5 // 8]
        return len(self._eyes.detectMultiScale(upper, 1.1, 3, minSize=(14, 14), maxSize=(40, 40))) > 0


def _cascade(name: str) -> cv2.CascadeClassifier:
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))
    if cascade.empty():
        raise ModelError(f"OpenCV does not carry {name}.", "Install opencv-python-headless 4.12 or later, below 5.")
    return cascade


def _shrunk(image: NDArray[np.uint8], width: int) -> tuple[NDArray[np.uint8], float]:
    """The picture at most `width` wide, and by how much it was scaled."""
    scale = min(1.0, width / image.shape[1])
    if scale == 1.0:
        return image, 1.0
    size = width, max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _plausible(faces: list[Face], min_face_px: int) -> list[Face]:
    """Large enough, and no second box inside a better one."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: (face.score, face.box.width), reverse=True):
        if min(face.box.width, face.box.height) >= min_face_px and not any(face.box.shares_place(other.box) for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face.box.width * face.box.height, reverse=True)
