"""A reader of faces without any model: one bright square is one face."""

from dataclasses import dataclass

import numpy as np

from emoasst_core.errors import MediaError


@dataclass(frozen=True)
class Found:
    embedding: np.ndarray
    encoder_hash: str
    crop: np.ndarray


def read(picture):
    if picture.mean() < 20:
        raise MediaError("There is no face in this picture.", "Choose one from the front, in good light.")
    height, width = picture.shape[:2]
    crop = picture[: height // 2, : width // 2].copy()
    return Found(picture.reshape(-1, 3).mean(0) / 255, "squares", crop)


def crash(picture):
    import os

    os._exit(9)
