"""Whether a stretch of sound can be read at all, and what is in the way if not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

QUIET_DB = -55.0  # relative to full scale: a voice this weak is at the noise of a laptop microphone
CLIPPED_LEVEL, MAX_CLIPPED_SHARE = 0.995, 0.02  # more than one sample in fifty at the rail distorts the voice


def level_db(samples: NDArray[np.float32]) -> float:
    """Root mean square level in decibels relative to full scale; -120 for silence.

    >>> round(level_db(np.full(160, 0.1, np.float32)))
    -20
    """
    if not len(samples):
        return -120.0
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10.0 * float(np.log10(max(power, 1e-12)))


def find_obstacle(samples: NDArray[np.float32]) -> str:
    """Name what makes sound unreadable: "too quiet", "too loud", or "" if it can be read."""
    if level_db(samples) < QUIET_DB:
        return "too quiet"
    clipped = float(np.mean(np.abs(samples) >= CLIPPED_LEVEL))
    return "too loud" if clipped > MAX_CLIPPED_SHARE else ""
