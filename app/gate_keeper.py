"""Keeps the adult's part of the window shut until the PIN was typed, and shuts it again by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.background import Background
from app.dialogs.pin_dialogs import AskPinDialog
from app.preferences import Choices
from emoasst_core.store.database import Database
from emoasst_core.store.gate import Gate
from emoasst_core.store.lock import Lock

TICK_MS = 1_000
USES = {QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel, QEvent.Type.TouchBegin}
REASONS = {
    "idle": "Locked: nobody used the window for a while.",
    "sleep": "Locked: the computer was asleep.",
    "session over": "Locked: a session has ended.",
    "asked": "Locked.",
    "start": "Locked: type the PIN to go on.",
}


def read_gate(path: Path) -> bool:
    """Whether a PIN was chosen; no database, no PIN."""
    if not path.exists():
        return False
    with Database(path) as database:
        return Gate(database).is_set


class GateKeeper(QObject):
    """Asks for the PIN where one is set and the window is locked; tells when it locks.

    Args:
        background: where the PIN is checked: that takes a tenth of a second on purpose.
        path: the database.
        window: over which the PIN is asked for.

    Attributes:
        has_pin: False lets everybody through.
    """

    locked = Signal(str)
    opened = Signal()

    def __init__(self, background: Background, path: Path, window: QWidget) -> None:
        super().__init__(window)
        self._background, self._path, self._window = background, path, window
        self._lock = Lock()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self.has_pin = False
        self.dialog: AskPinDialog | None = None
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    @property
    def is_open(self) -> bool:
        """Whether the adult's part may be seen."""
        return not self.has_pin or not self._lock.is_locked

    def read(self, then: Callable[[], None]) -> None:
        """Ask whether a PIN was chosen, then go on."""

        def take(has_pin: bool) -> None:
            if has_pin and not self.has_pin:
                self.has_pin = True
                self._timer.start()
            then()

        self._background.run(lambda: read_gate(self._path), take, lambda _error: then())

    def pin_chosen(self) -> None:
        """A PIN was set just now, by an adult who is here."""
        self.has_pin = True
        self._lock.open(time.monotonic())
        self._timer.start()
        self.opened.emit()

    def follow(self, choices: Choices) -> None:
        """Lock after as many minutes as the family chose."""
        self._lock.idle_s = 60.0 * choices.lock_after_min

    def adult_only(self, then: Callable[[], None]) -> None:
        """Go on at once where it is open; else ask for the PIN first."""
        if self.is_open:
            then()
            return
        dialog = AskPinDialog(self._background, self._path, REASONS[self._lock.reason], self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.let_through.connect(lambda: self._open(then))
        dialog.finished.connect(self._forget_dialog)
        self.dialog = dialog
        dialog.open()

    def lock(self) -> None:
        """Lock now."""
        self._lock.lock()
        self._tell()

    def session_over(self) -> None:
        """A session has ended: the child may be holding the laptop."""
        was_open = self.is_open
        self._lock.session_over()
        if was_open:
            self._tell()

    def tick(self) -> None:
        """Look whether it is time to lock."""
        if self._lock.tick(time.monotonic(), time.time()):
            self._tell()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Every key and movement counts as use; nothing is held back."""
        if event.type() in USES:
            self._lock.used(time.monotonic())
        return False

    def close(self) -> None:
        """Watch no more."""
        self._timer.stop()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)

    def _open(self, then: Callable[[], None]) -> None:
        self._lock.open(time.monotonic())
        self.opened.emit()
        then()

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _tell(self) -> None:
        if self.has_pin:
            for dialog in self._window.findChildren(QDialog):
                dialog.reject()
            self.locked.emit(REASONS[self._lock.reason])
