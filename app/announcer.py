"""Says cues to screen readers: politely, never faster than cues may change, never the same words twice running."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget


def tell_screen_reader(widget: QWidget, words: str) -> None:
    """One polite announcement, where somebody listens."""
    if QAccessible.isActive():
        announcement = QAccessibleAnnouncementEvent(widget, words)
        announcement.setPoliteness(QAccessible.AnnouncementPoliteness.Polite)
        QAccessible.updateAccessibility(announcement)


class Announcer(QObject):
    """What comes too soon waits, and only the newest of it is said.

    Args:
        widget: what the screen reader takes as the source.
        gap_s: least time between two announcements.
        tell: does the saying.
        now_s: a running clock.
    """

    def __init__(
        self,
        widget: QWidget,
        gap_s: float = 3.0,
        tell: Callable[[QWidget, str], None] = tell_screen_reader,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(widget)
        self.gap_s = gap_s
        self._widget, self._tell, self._now_s = widget, tell, now_s
        self._said, self._said_s = "", float("-inf")
        self._waiting = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._say_waiting)

    def say(self, words: str) -> None:
        """Say this now, or as soon as it is time; newer words replace those that wait."""
        self._waiting = "" if words == self._said else words
        left_s = self._said_s + self.gap_s - self._now_s()
        if left_s <= 0:
            self._say_waiting()
        elif not self._timer.isActive():
            self._timer.start(round(1000 * left_s) + 1)

    def forget(self) -> None:
        """Nothing that waits is news any more."""
        self._timer.stop()
        self._waiting = self._said = ""

    def _say_waiting(self) -> None:
        if self._waiting:
            self._said, self._said_s = self._waiting, self._now_s()
            self._waiting = ""
            self._tell(self._widget, self._said)
