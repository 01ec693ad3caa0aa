"""Sequences of tokens as the one vector that the rest of the program carries, and back."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.datatypes import Vector

PRESENT = 1e-4  # a shorter row of a packed sequence is filling


def pack(tokens: Tensor, length: int) -> Vector:
    """Lay tokens end to end.

    Args:
        tokens: (t, d), every row a unit vector; those beyond `length` are left out.
        length: rows of the packed sequence; what is missing is zeros.

    Returns:
        (length * d,) unit float32.
    """
    kept = tokens[:length].detach().float().cpu().numpy()
    rows = np.zeros((length, tokens.shape[1]), np.float32)
    rows[: len(kept)] = kept
    flat = rows.reshape(-1)
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-12), np.float32)


def unpack(vector: Vector, width: int) -> tuple[Tensor, Tensor]:
    """(length * width,) -> (length, width) unit rows, zeros where there is none, and (length,) which rows there are."""
    rows = torch.from_numpy(np.array(vector, np.float32)).reshape(-1, width)
    lengths = rows.norm(dim=1, keepdim=True)
    mask = lengths[:, 0] > PRESENT
    return torch.where(mask[:, None], rows / lengths.clamp_min(PRESENT), 0.0), mask


def spread(num_items: int, wanted: int) -> NDArray[np.int64]:
    """(wanted,) evenly spread positions among `num_items`.

    >>> spread(24, 4).tolist()
    [3, 9, 15, 21]
    """
    places = ((np.arange(wanted) + 0.5) * num_items / wanted).astype(np.int64)
    return np.asarray(np.minimum(places, max(0, num_items - 1)), np.int64)
