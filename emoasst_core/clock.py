"""One monotonic clock for a session: every timestamp in the program is seconds since it started."""

from __future__ import annotations

import time


class SessionClock:
    """Seconds since construction; never jumps when the wall clock is set."""

    def __init__(self) -> None:
        self._origin_s = time.monotonic()

    def now_s(self) -> float:
        """Seconds since the session started."""
        return time.monotonic() - self._origin_s
