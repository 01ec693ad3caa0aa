"""Pictures, sound and words as the rows that the network takes; the same in training and in use.

The words reach into the convolutions, and in a live session they come last. So what is carried per modality is the prepared
input, and the networks run when a decision is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.systems.mel_pictures import VGGISH_MEL, mel_segments

STEP_S: Final = 0.96
MAX_STEPS: Final = {"small": 4, "full": 8}


def standard_rows(values: Tensor) -> Tensor:
    """(n, ...) -> (n, k) rows of mean 0 and length 1: a picture's brightness and contrast, a sound's level do not matter."""
    flat = values.flatten(1)
    return F.normalize(flat - flat.mean(1, keepdim=True), dim=1)


def picture_rows(pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], size: int) -> Tensor:
    """n of (h, w, 3) uint8 RGB -> (n, 3 * size * size) standard rows."""
    rows = []
    for picture in pictures:
        tensor = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()
        rows.append(F.interpolate(tensor, (size, size), mode="bilinear", align_corners=False, antialias=True))
    return standard_rows(torch.cat(rows)) if rows else torch.zeros(0, 3 * size * size)


def sound_rows(samples: NDArray[np.float32], max_steps: int) -> Tensor:
    """(n,) sound -> (steps, 64 * 96) standard rows, one per 960 ms."""
    return standard_rows(mel_segments(samples, VGGISH_MEL)[:max_steps])


def as_inputs(rows: Tensor) -> Tensor:
    """(..., k) unit rows -> the same with variance 1, as networks like their inputs."""
    scaled: Tensor = rows * float(rows.shape[-1]) ** 0.5
    return scaled


def step_frames(num_frames: int, num_steps: int, generator: torch.Generator | None = None) -> list[int]:
    """One frame per step: its middle one, or with a generator any one of it (the paper's random frame, in training only).

    >>> step_frames(8, 2)
    [2, 6]
    """
    bounds = np.linspace(0, num_frames, num_steps + 1)
    if generator is None:
        return [min(num_frames - 1, int((low + high) / 2)) for low, high in pairwise(bounds)]
    draws = torch.rand(num_steps, generator=generator).numpy()
    return [
        min(num_frames - 1, int(low + draw * (high - low)))
        for low, high, draw in zip(bounds[:-1], bounds[1:], draws, strict=True)
    ]
