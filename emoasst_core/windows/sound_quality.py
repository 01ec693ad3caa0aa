"""Whether a stretch of sound can be read at all, and what is in the way if not."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SILENT_DB = -96.0  # the floor of 16-bit sound
QUIET_DB = -55.0  # relative to full scale: a voice this weak is at the noise of a laptop microphone
CLIPPED_LEVEL, MAX_CLIPPED_SHARE = 0.995, 0.02  # more than one sample in fifty at the rail distorts the voice


def level_db(samples: NDArray[np.float32]) -> float:
    """Root mean square level in decibels relative to full scale: 0 for the loudest square wave, `SILENT_DB` for silence.

    >>> round(level_db(np.full(160, 0.1, np.float32)))
    -20
    """
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return max(SILENT_DB, 10.0 * math.log10(power)) if power > 0 else SILENT_DB


def find_obstacle(samples: NDArray[np.float32]) -> str:
    """Name what makes sound unreadable: "too quiet", "too loud", or "" if it can be read."""
    if level_db(samples) < QUIET_DB:
        return "too quiet"
    clipped = float(np.mean(np.abs(samples) >= CLIPPED_LEVEL))
    return "too loud" if clipped > MAX_CLIPPED_SHARE else ""
