"""Leave modalities out while training, as they will be missing in use; never all of them."""

from __future__ import annotations

import torch
from torch import Tensor


def drop_modalities(present: Tensor, rate: float, generator: torch.Generator | None = None) -> Tensor:
    """Decide which modalities each row keeps.

    Each present modality is dropped with probability `rate`, by itself; a row that would lose all of them is drawn again. With m
    modalities the rate that results is therefore (rate - rate^m) / (1 - rate^m), a little lower.

    Args:
        present: (b, m) which modalities there are.
        rate: 0 or more, below 1.
        generator: of the random numbers.

    Returns:
        (b, m) what is kept; a row with nothing present stays empty.
    """
    kept = present.clone()
    if rate <= 0:
        return kept
    waiting = present.any(1)
    while bool(waiting.any()):
        draw = torch.rand(present.shape, generator=generator) >= rate
        kept[waiting] = (present & draw)[waiting]
        waiting = present.any(1) & ~kept.any(1)
    return kept
