"""The only crossing from the core's threads into Qt: what is emitted here arrives on the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from emoasst_core.datatypes import Frame
from emoasst_core.session.events import FrameSeen, LevelHeard, SessionEvent


class Bridge(QObject):
    """Hands on what a session tells.

    Pictures and loudness come many times a second: of those only the newest waits, so a busy window never lags behind.
    """

    event_told = Signal(object)
    frame_seen = Signal(object)
    level_heard = Signal(float)
    _told = Signal(object)
    _newest_waits = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._frame: Frame | None = None
        self._level_db: float | None = None
        self._is_waiting = False
        self._told.connect(self.event_told, Qt.ConnectionType.QueuedConnection)
        self._newest_waits.connect(self._deliver_newest, Qt.ConnectionType.QueuedConnection)

    def tell(self, event: SessionEvent) -> None:
        """Called by the session, from any thread."""
        if isinstance(event, FrameSeen):
            self._wait(frame=event.frame)
        elif isinstance(event, LevelHeard):
            self._wait(level_db=event.level_db)
        else:
            self._told.emit(event)

    def show(self, frame: Frame) -> None:
        """Called by the player, from its thread."""
        self._wait(frame=frame)

    def _wait(self, frame: Frame | None = None, level_db: float | None = None) -> None:
        with self._lock:
            self._frame = frame or self._frame
            self._level_db = level_db if level_db is not None else self._level_db
            if self._is_waiting:
                return
            self._is_waiting = True
        self._newest_waits.emit()

    @Slot()
    def _deliver_newest(self) -> None:
        with self._lock:
            frame, level_db = self._frame, self._level_db
            self._frame, self._level_db, self._is_waiting = None, None, False
        if frame is not None:
            self.frame_seen.emit(frame)
        if level_db is not None:
            self.level_heard.emit(level_db)


class Courier(QObject):
    """Runs a function on the window's thread, whoever asks for it."""

    _brought = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_open = True
        self._brought.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def bring(self, function: Callable[[Any], None], value: Any) -> None:
        """Call `function(value)` soon, on the window's thread."""
        self._brought.emit(function, value)

    def close(self) -> None:
        """Bring nothing any more: what it would be brought to is about to go."""
        self._is_open = False

    @Slot(object, object)
    def _deliver(self, function: Callable[[Any], None], value: Any) -> None:
        if self._is_open:
            function(value)
