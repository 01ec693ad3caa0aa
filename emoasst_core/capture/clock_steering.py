"""Keeps a sound card's time beside the session's clock.

A sound card counts its samples by a crystal of its own, which runs up to a few hundred parts in a million fast or slow: at 200
ppm sound would lie 5.8 s beside the picture after eight hours. The blocks' stamps say how far the count has run away; a few
samples more or less, spread over the next blocks by linear interpolation, bring it back.
"""

from __future__ import annotations

from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW_BLOCKS: Final = 50  # 5 s of blocks: the median of their stamps does not see a thread that was late now and then
TOLERATED_S: Final = 0.0005  # half a millisecond beside the clock is left alone
MOST_SHARE: Final = 0.002  # of a block: 2,000 ppm, ten times the drift of a poor card; a change of pitch nobody hears


class ClockSteering:
    """Watches the stamps of one device's blocks and corrects their lengths.

    Args:
        sample_rate_hz: of the device.

    Attributes:
        corrected_s: seconds added so far, negative where more were taken out.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.corrected_s = 0.0
        self._rate_hz = sample_rate_hz
        self._late_s: list[float] = []
        self._due = 0  # samples still to add, or to take out where negative

    def steer(self, late_s: float, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Correct one block.

        Args:
            late_s: its stamp, less the time up to which samples have been handed on.
            samples: (n,).

        Returns:
            (n + k,) with k a few samples, mostly 0.
        """
        change = self.plan(late_s, len(samples))
        if change == 0:
            return samples
        places = np.linspace(0, len(samples) - 1, len(samples) + change)
        return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)

    def plan(self, late_s: float, num_samples: int) -> int:
        """By how many samples the next block of `num_samples` is to grow, or to shrink where negative; counted as done."""
        self._late_s.append(late_s)
        if len(self._late_s) == WINDOW_BLOCKS:
            typical_s = float(median(self._late_s))
            self._late_s.clear()
            self._due = round(typical_s * self._rate_hz) if abs(typical_s) > TOLERATED_S else 0
        most = int(MOST_SHARE * num_samples)
        change = max(-most, min(most, self._due))
        self._due -= change
        self.corrected_s += change / self._rate_hz
        return change
