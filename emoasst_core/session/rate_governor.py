"""Lowers the rate of analysis when the machine is too slow, and raises it again when it keeps up."""

from __future__ import annotations

from typing import Protocol

WINDOW_S = 2.0
MAX_DROPPED_SHARE = 0.15  # of the frames offered in a window
MAX_SOUND_WAITING = 12  # blocks of 0.1 s: captions and voices would fall behind the picture
SLOWER, QUICKER = 0.7, 1.25
LOWEST_HZ = 1.0
CALM_WINDOWS = 4  # windows without trouble before a quicker rate is tried; doubled after each try that failed
MOST_CALM_WINDOWS = 64


class Counts(Protocol):
    """What a mailbox counts: frames since the session began, and blocks of sound not yet analysed."""

    frames_offered: int
    frames_dropped: int

    @property
    def sound_waiting(self) -> int:
        """Blocks of sound."""


class RateGovernor:
    """Watches the counts of a mailbox.

    Args:
        full_hz: the usual rate.

    Attributes:
        rate_hz: frames per second to offer from now on.
    """

    def __init__(self, full_hz: float) -> None:
        self.rate_hz = self._full_hz = full_hz
        self._since_s = 0.0
        self._offered = self._dropped = 0
        self._num_calm = 0
        self._calm_needed = CALM_WINDOWS
        self._was_raised = False

    @property
    def is_slow(self) -> bool:
        """Whether fewer frames than usual are analysed."""
        return self.rate_hz < self._full_hz

    def look(self, time_s: float, counts: Counts) -> bool:
        """Look at the counts so far, at a session time; whether the rate changes."""
        if time_s - self._since_s < WINDOW_S:
            return False
        num_offered, num_dropped = counts.frames_offered - self._offered, counts.frames_dropped - self._dropped
        self._since_s, self._offered, self._dropped = time_s, counts.frames_offered, counts.frames_dropped
        if num_dropped > MAX_DROPPED_SHARE * num_offered or counts.sound_waiting > MAX_SOUND_WAITING:
            return self._slow_down()
        self._num_calm += 1
        if not self.is_slow or self._num_calm < self._calm_needed:
            return False
        self._num_calm, self._was_raised = 0, True
        self.rate_hz = min(self._full_hz, self.rate_hz * QUICKER)
        return True

    def _slow_down(self) -> bool:
        if self._was_raised:  # the quicker rate was too quick: wait longer before the next try
            self._calm_needed = min(2 * self._calm_needed, MOST_CALM_WINDOWS)
        self._num_calm, self._was_raised = 0, False
        slower_hz = max(LOWEST_HZ, self.rate_hz * SLOWER)
        has_changed = slower_hz < self.rate_hz
        self.rate_hz = slower_hz
        return has_changed
