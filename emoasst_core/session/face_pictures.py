"""One picture of somebody who agreed to be known again: finds the face in it and embeds its appearance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import Frame, Vector
from emoasst_core.errors import MediaError
from emoasst_core.faces.appearance import ENCODER_HASH, embed_appearance
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.quality import find_obstacle
from emoasst_core.session.pipeline_factory import find_detector

MIN_SCORE = 0.7  # a weaker find may be a fold or a leaf


@dataclass(frozen=True, slots=True)
class FacePicture:
    """A face to know somebody by; `crop` is (s, s, 3) uint8 RGB, a thumbnail to show."""

    embedding: Vector
    encoder_hash: str
    crop: NDArray[np.uint8]


def read_face(picture: NDArray[np.uint8]) -> FacePicture:
    """Find the one face in a picture.

    Args:
        picture: (h, w, 3) uint8 RGB.

    Raises:
        MediaError: no face, more than one, or one that cannot be seen well.
    """
    detector = find_detector(AnalysisOptions())
    faces = [face for face in detector.detect(Frame(0.0, picture)) if face.score >= MIN_SCORE]
    if not faces:
        raise MediaError("No face was found in this picture.", "Look into the camera, with light on the face, and try again.")
    if len(faces) > 1:
        raise MediaError(f"There are {len(faces)} faces in this picture.", "Take one picture of one person at a time.")
    face = crop(picture, crop_box(faces[0], detector.name))
    if obstacle := find_obstacle(face):
        raise MediaError(f"The face is {obstacle}.", "Change the light or come nearer, and try again.")
    return FacePicture(embed_appearance(face), ENCODER_HASH, face)
