"""Exponential averaging of readings that come at uneven times, quicker where a reading is sure."""

from __future__ import annotations

import math

import numpy as np

from emoasst_core.datatypes import Vector

QUICKEST_SHARE = 0.2  # of the time constant that a wholly certain reading leaves


class ProbSmoother:
    """Average of probability vectors whose memory fades with a time constant in seconds.

    A reading's margin, the distance between its two likeliest emotions, shortens the memory: after doubtful readings the
    average moves slowly, after sure ones soon.

    Args:
        time_constant_s: after this long an old reading weighs 37 % beside doubtful new ones; 0 keeps only the newest.
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
            second, first = np.partition(probs, -2)[-2:]
            time_constant_s = self._time_constant_s * max(QUICKEST_SHARE, 1.0 - float(first - second))
            kept = math.exp(-max(0.0, time_s - self._time_s) / time_constant_s)
            self._value = (kept * self._value + (1 - kept) * probs).astype(np.float32)
        self._time_s = time_s
        return self._value

    def clear(self) -> None:
        """Forget everything, so that an emotion from before a gap cannot leak into what comes after."""
        self._value = None
