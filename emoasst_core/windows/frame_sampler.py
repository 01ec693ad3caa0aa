"""Which frames stand for a stretch of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Vector


def sample_times(start_s: float, end_s: float, num_frames: int) -> NDArray[np.float64]:
    """Times evenly spread over a stretch, each in the middle of its share.

    Returns:
        (num_frames,) ascending.

    >>> sample_times(0.0, 2.0, 4).tolist()
    [0.25, 0.75, 1.25, 1.75]
    """
    shares = (np.arange(num_frames) + 0.5) / num_frames
    return start_s + shares * (end_s - start_s)


def nearest(times: NDArray[np.float64] | Vector, available_times: NDArray[np.float64] | Vector) -> NDArray[np.intp]:
    """For each time the index of the nearest one available; the earlier of two equally near.

    Args:
        times: (n,).
        available_times: (m,) ascending, m >= 1.

    Returns:
        (n,) indices into `available_times`; an index repeats where frames are sparser than asked for.

    Raises:
        ValueError: nothing is available.

    >>> nearest(np.array([0.1, 0.5, 9.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [0, 0, 2]
    """
    wanted, available = np.asarray(times, np.float64), np.asarray(available_times, np.float64)
    if len(available) == 0:
        raise ValueError("no time is available to choose from")
    right = np.searchsorted(available, wanted).clip(0, len(available) - 1)
    left = (right - 1).clip(0)
    is_left = wanted - available[left] <= available[right] - wanted
    return np.where(is_left, left, right).astype(np.intp)
