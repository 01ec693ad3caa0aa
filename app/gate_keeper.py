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
from emoasst_core.store.keys import Keys
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


def read_gate(path: Path) -> tuple[bool, bool]:
    """Whether a PIN was chosen, and whether the recovery phrase has still to be written down; no database, neither."""
    if not path.exists():
        return False, False
    with Database(path) as database:
        return Gate(database).is_set, Keys(path.parent).needs_phrase


class GateKeeper(QObject):
    """Asks for the PIN where one is set and the window is locked; tells when it locks.

    Args:
        background: where the PIN is checked: that takes a tenth of a second on purpose.
        path: the database.
        window: over which the PIN is asked for.

    Attributes:
        has_pin: None until it was read; nobody is let through then. False lets everybody through, but not to the camera.
        needs_phrase: no recovery phrase was written down yet.
    """

    locked = Signal(str)
    opened = Signal()
    choice_wanted = Signal(object)  # a PIN has to be chosen before this is done
    failed = Signal(object)

    def __init__(self, background: Background, path: Path, window: QWidget) -> None:
        super().__init__(window)
        self._background, self._path, self._window = background, path, window
        self._lock = Lock()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self.has_pin: bool | None = None
        self.needs_phrase = False
        self.dialog: AskPinDialog | None = None
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    @property
    def is_open(self) -> bool:
        """Whether the adult's part may be seen."""
        return self.has_pin is False or (self.has_pin is True and not self._lock.is_locked)

    def read(self, then: Callable[[], None]) -> None:
        """Ask whether a PIN was chosen, then go on."""

        def take(found: tuple[bool, bool]) -> None:
            self.has_pin, self.needs_phrase = found
            if self.has_pin:
                self._timer.start()
            then()

        self._background.run(lambda: read_gate(self._path), take, self.failed.emit)

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
        if self.has_pin is None:
            self.read(lambda: self.adult_only(then))
            return
        if self.is_open:
            then()
            return
        dialog = AskPinDialog(self._background, self._path, REASONS[self._lock.reason], self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.let_through.connect(lambda: self._open(then))
        dialog.finished.connect(self._forget_dialog)
        self.dialog = dialog
        dialog.open()

    def with_pin(self, then: Callable[[], None]) -> None:
        """As `adult_only`, for what needs the camera: where no PIN was chosen yet, an adult chooses it first."""
        if self.has_pin is None:
            self.read(lambda: self.with_pin(then))
        elif self.has_pin:
            self.adult_only(then)
        else:
            self.choice_wanted.emit(then)

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
