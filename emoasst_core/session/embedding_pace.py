"""Which pictures are embedded, so that a slow tower leaves time for finding faces in all of them."""

from __future__ import annotations

from typing import Final

SHARE: Final = 0.4  # of the model process's time; the starter's tower takes a tenth at ten pictures a second
VOICE_SHARE: Final = 0.2  # ... and for voices, whose window hardly changes from one reading to the next
PACE: Final = 0.3  # weight of the newest picture in the cost


class EmbeddingPace:
    """Spaces out a slow step.

    Args:
        share: of the time that the step may take; 0 for no limit, as for a recording that can wait.
    """

    def __init__(self, share: float = SHARE) -> None:
        self._share = share
        self._cost_s: float | None = None
        self._next_s = 0.0

    @property
    def apart_s(self) -> float:
        """How far apart the steps are kept now; 0 before the first."""
        return (self._cost_s or 0.0) / self._share if self._share > 0 else 0.0

    def takes(self, time_s: float) -> bool:
        """Whether the step is due at a session time."""
        return time_s >= self._next_s - 1e-6

    def took(self, time_s: float, cost_s: float) -> None:
        """The step of that time took so long."""
        if self._share <= 0:
            return
        self._cost_s = cost_s if self._cost_s is None else (1 - PACE) * self._cost_s + PACE * cost_s
        self._next_s = time_s + self.apart_s
