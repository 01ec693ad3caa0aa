"""Notices that the machine was asleep, or that its clock was set: from two clocks that should go alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LOOK_EVERY_S: Final[float] = 1.0
APART_S: Final[float] = 5.0  # the clock on the wall is corrected in smaller steps by itself
MISSED_S: Final[float] = 30.0  # nobody looked for so long: where the running time goes on in sleep


@dataclass(frozen=True, slots=True)
class Wake:
    """`reason` is "sleep" or "clock"; `missed_s` of running time passed since the last look, 0 where it stood still."""

    reason: str
    missed_s: float


class WakeWatch:
    """Call `look` once a second.

    Args:
        running_s: the machine's running time; on Linux and macOS it stands still in sleep, on Windows it goes on.
        clock_s: the clock on the wall, in seconds.
    """

    def __init__(self, running_s: Callable[[], float] = time.monotonic, clock_s: Callable[[], float] = time.time) -> None:
        self._running_s, self._clock_s = running_s, clock_s
        self._last = running_s(), clock_s()

    def look(self) -> Wake | None:
        """What happened since the last look, if anything did."""
        before, self._last = self._last, (self._running_s(), self._clock_s())
        passed_s, shown_s = self._last[0] - before[0], self._last[1] - before[1]
        if passed_s > MISSED_S:
            return Wake("sleep", passed_s)
        if shown_s - passed_s > APART_S:  # a clock set forward looks the same, and is treated so: a new file does no harm
            return Wake("sleep", 0.0)
        return Wake("clock", 0.0) if passed_s - shown_s > APART_S else None
