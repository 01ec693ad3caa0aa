"""Whether the adult's part of the window is open: it closes by itself when nobody uses it, after sleep, and after a session."""

from __future__ import annotations

from typing import Final

IDLE_S: Final[float] = 300.0
SLEPT_S: Final[float] = 5.0  # the clock on the wall went this much further than the running time: sleep, or a changed clock
MISSED_S: Final[float] = 60.0  # nobody ticked for so long: the machine slept, whatever its clocks say


class Lock:
    """Open or locked; it asks no clock itself, so every way through it can be tested.

    Args:
        idle_s: locks after so long without use.

    Attributes:
        is_locked: at first it is.
        reason: why it locked last: "start", "idle", "sleep", "session over" or "asked".
    """

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self.idle_s = idle_s
        self.is_locked = True
        self.reason = "start"
        self._used_s = 0.0
        self._ticked: tuple[float, float] | None = None

    def open(self, running_s: float) -> None:
        """The PIN was right, at this running time of the machine in seconds."""
        self.is_locked = False
        self._used_s, self._ticked = running_s, None

    def used(self, running_s: float) -> None:
        """Somebody touched the window."""
        self._used_s = max(self._used_s, running_s)

    def tick(self, running_s: float, clock_s: float) -> bool:
        """Look at the clocks; call it once a second.

        Args:
            running_s: running time of the machine.
            clock_s: the clock on the wall, in seconds.

        Returns:
            Whether it has locked just now.
        """
        was_locked, before = self.is_locked, self._ticked
        self._ticked = running_s, clock_s
        if before is not None:
            passed_s, shown_s = running_s - before[0], clock_s - before[1]
            if abs(shown_s - passed_s) > SLEPT_S or passed_s > MISSED_S:
                self._lock("sleep")
        if running_s - self._used_s >= self.idle_s:
            self._lock("idle")
        return self.is_locked and not was_locked

    def session_over(self) -> None:
        """A session has ended: the child may be holding the laptop."""
        self._lock("session over")

    def lock(self) -> None:
        """An adult asked for it."""
        self._lock("asked")

    def _lock(self, reason: str) -> None:
        if not self.is_locked:
            self.is_locked, self.reason = True, reason
