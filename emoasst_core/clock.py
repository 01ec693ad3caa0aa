"""One monotonic clock for a session: every timestamp in the program is seconds since it started; and lengths in words."""

from __future__ import annotations

import time


class SessionClock:
    """Seconds since construction; never jumps when the wall clock is set."""

    def __init__(self) -> None:
        self._origin_s = time.monotonic()

    def now_s(self) -> float:
        """Seconds since the session started."""
        return time.monotonic() - self._origin_s


def length_text(duration_s: float) -> str:
    """Minutes and seconds in words.

    >>> length_text(75.4), length_text(8.0)
    ('1 min 15 s', '8 s')
    """
    minutes, seconds = divmod(round(duration_s), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
