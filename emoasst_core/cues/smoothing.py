"""Exponential averaging of readings that come at uneven times."""

from __future__ import annotations

import math

import numpy as np

from emoasst_core.datatypes import Vector


class ProbSmoother:
    """Average of probability vectors whose memory fades with a time constant in seconds.

    Args:
        time_constant_s: after this long an old reading weighs 37 %; 0 keeps only the newest.
    """

    def __init__(self, time_constant_s: float) -> None:
        self._time_constant_s = time_constant_s
        self._value: Vector | None = None
        self._time_s = 0.0

    def add(self, time_s: float, probs: Vector) -> Vector:
        """Take in one reading and return the average, (num_emotions,) summing to 1."""
        if self._value is None or self._time_constant_s <= 0:
            self._value = probs.astype(np.float32)
        else:
            kept = math.exp(-max(0.0, time_s - self._time_s) / self._time_constant_s)
            self._value = (kept * self._value + (1 - kept) * probs).astype(np.float32)
        self._time_s = time_s
        return self._value

    def clear(self) -> None:
        """Forget everything, so that an emotion from before a gap cannot leak into what comes after."""
        self._value = None
