"""The session's time with a pause and a stop: what plays, waits on it; what stops, wakes everybody."""

from __future__ import annotations

import threading

from emoasst_core.clock import SessionClock


class Transport:
    """Session time that stands still while paused. Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._clock: SessionClock | None = None
        self._paused_at_s: float | None = None
        self._away_s = 0.0
        self._reached_s: float | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Time 0 is now."""
        with self._changed:
            self._clock = SessionClock()
            self._away_s = 0.0
            if self._paused_at_s is not None:
                self._paused_at_s = 0.0
            self._changed.notify_all()

    def now_s(self) -> float:
        """Seconds since the start, pauses left out; 0 before it."""
        with self._changed:
            return self._now_s()

    def reach(self, time_s: float) -> None:
        """From now on the time is how far a recording has been read, which is looked at as fast as the machine can."""
        with self._changed:
            self._reached_s = time_s

    def pause(self) -> None:
        """Let time stand still."""
        with self._changed:
            if self._paused_at_s is None:
                self._paused_at_s = self._now_s()
            self._changed.notify_all()

    def resume(self) -> None:
        """Let time go on where it stood."""
        with self._changed:
            if self._paused_at_s is not None and self._clock is not None:
                self._away_s = self._clock.now_s() - self._paused_at_s
            self._paused_at_s = None
            self._changed.notify_all()

    def stop(self) -> None:
        """End it for good; every wait returns at once."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    @property
    def is_paused(self) -> bool:
        """Whether time stands still."""
        with self._changed:
            return self._paused_at_s is not None

    @property
    def is_stopped(self) -> bool:
        """Whether it has ended."""
        with self._changed:
            return self._is_stopped

    def wait_until(self, time_s: float) -> bool:
        """Wait for a moment of the session; False if it was stopped before."""
        with self._changed:
            while not self._is_stopped:
                remaining_s = time_s - self._now_s()
                if self._paused_at_s is None and remaining_s <= 0:
                    return True
                self._changed.wait(None if self._paused_at_s is not None else remaining_s)
            return False

    def wait_while_paused(self) -> bool:
        """Wait for the end of a pause, if there is one; False if it was stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or self._paused_at_s is None)
            return not self._is_stopped

    def wait_for_pause_or_stop(self, timeout_s: float) -> bool:
        """Whether a pause or a stop came within `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_stopped or self._paused_at_s is not None, timeout_s)

    def _now_s(self) -> float:
        if self._reached_s is not None:
            return self._reached_s
        if self._clock is None:
            return 0.0
        return self._paused_at_s if self._paused_at_s is not None else self._clock.now_s() - self._away_s
