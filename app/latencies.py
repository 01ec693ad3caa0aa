"""How late the window hears of things: measured where people see them, not inside the pipeline."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from emoasst_core.datatypes import Frame
from emoasst_core.session.events import FacesSeen, Predicted, SessionEvent, StateChanged

NUM_KEPT = 300
NAMES = FACES, READING = "Picture to faces", "Picture to reading"


class Latencies:
    """Age of what was analysed when it arrives, against the newest picture shown; in seconds."""

    def __init__(self) -> None:
        self._newest_s: float | None = None
        self._ages: dict[str, deque[float]] = {
            name: deque(maxlen=NUM_KEPT) for name in ("Picture to faces", "Picture to reading")
        }

    def see(self, frame: Frame) -> None:
        """The newest picture."""
        self._newest_s = frame.time_s

    def take(self, event: SessionEvent) -> None:
        """Measure what has arrived."""
        if isinstance(event, StateChanged):
            self._newest_s = None  # another session, or a pause: its clock says nothing about this one
        elif self._newest_s is not None:
            if isinstance(event, FacesSeen):
                self._ages[FACES].append(max(0.0, self._newest_s - event.time_s))
            elif isinstance(event, Predicted):
                self._ages[READING].append(max(0.0, self._newest_s - event.prediction.end_s))

    def lines(self) -> list[tuple[str, str]]:
        """Median and 95th percentile of each, with their number."""
        return [(name, age_text(list(ages))) for name, ages in self._ages.items()]


def age_text(ages: Sequence[float]) -> str:
    """Median and 95th percentile in words.

    >>> age_text([0.1, 0.2, 0.3, 0.4, 0.5])
    'p50 0.30 s, p95 0.50 s (5)'
    """
    if not ages:
        return "none yet"
    ordered = sorted(ages)
    low, high = (ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95))
    return f"p50 {low:.2f} s, p95 {high:.2f} s ({len(ordered)})"
