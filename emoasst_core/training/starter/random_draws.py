"""Random numbers for a batch of pictures, all from one generator and on its device, shaped to be multiplied with the pictures."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform(generator: torch.Generator, count: int, low: float, high: float) -> Tensor:
    """(count, 1, 1, 1) evenly from `low` to `high`."""
    return (torch.rand(count, generator=generator, device=generator.device) * (high - low) + low).view(-1, 1, 1, 1)


def normal(generator: torch.Generator, count: int, spread: float, bound: float) -> Tensor:
    """(count, 1, 1, 1) around 0 with standard deviation `spread`, cut off at +-`bound`."""
    return (torch.randn(count, generator=generator, device=generator.device) * spread).clamp(-bound, bound).view(-1, 1, 1, 1)


def chance(generator: torch.Generator, count: int, probability: float) -> Tensor:
    """(count, 1, 1, 1) bool, true with `probability`."""
    return (torch.rand(count, generator=generator, device=generator.device) < probability).view(-1, 1, 1, 1)
