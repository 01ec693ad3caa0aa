"""From the features of frames to one vector."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from emoasst_core.errors import ConfigError

Pool = Literal["mean", "meanvar"]


def pool_frames(features: Tensor, how: Pool = "meanvar") -> Tensor:
    """(t, d) -> (d,) mean over time, or (2 d,) mean and variance (the variance of one frame is 0).

    Raises:
        ConfigError: another `how`, or no frame.
    """
    if how not in ("mean", "meanvar") or not len(features):
        raise ConfigError(f"Frames of shape {tuple(features.shape)} cannot be pooled by {how!r}.", "Known: mean, meanvar.")
    mean = features.mean(0)
    return mean if how == "mean" else torch.cat([mean, features.var(0, correction=0)])
