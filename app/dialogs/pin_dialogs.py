"""Asking for the adult's PIN, and choosing it."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from app.background import Background
from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError, GateError
from emoasst_core.store.database import Database
from emoasst_core.store.gate import MAX_DIGITS, MIN_DIGITS, Gate, check_digits, in_words
from emoasst_core.store.keys import Keys

SECOND_MS = 1_000


def pin_line(name: str) -> QLineEdit:
    """A line that hides what is typed."""
    line = QLineEdit()
    line.setEchoMode(QLineEdit.EchoMode.Password)
    line.setMaxLength(MAX_DIGITS)
    line.setAccessibleName(name)
    line.setPlaceholderText(f"{MIN_DIGITS} to {MAX_DIGITS} digits")
    return line


def same_pin(first: QLineEdit, second: QLineEdit) -> str:
    """The PIN that was typed twice.

    Raises:
        GateError: the lines differ, or it is no PIN.
    """
    if first.text() != second.text():
        raise GateError("The two PINs differ.", "Type the same digits twice.")
    check_digits(first.text())
    return first.text()


class PinDialog(QDialog):
    """What both dialogs share: a message, a main button, jobs done elsewhere.

    Args:
        background: where PINs are checked.
        path: the database.
    """

    def __init__(self, background: Background, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background, self._path = background, path
        self.message = label("")
        self.main_button = Button("Go on", "main")
        self.close_button = Button("Close")
        self.content = QVBoxLayout()
        self.content.setSpacing(8)
        self.close_button.clicked.connect(self.reject)

    def showEvent(self, event: QShowEvent) -> None:
        """Be as large as what is in it."""
        fit_dialog(self, self.content)
        super().showEvent(event)

    def say(self, error: EmoAsstError) -> None:
        """What went wrong, and the next step."""
        self.message.setText(str(error))
        self.main_button.setEnabled(True)
        fit_dialog(self, self.content)


class AskPinDialog(PinDialog):
    """Asks until the PIN is right or the dialog is closed; says how long to wait after wrong tries."""

    let_through = Signal()

    def __init__(self, background: Background, path: Path, reason: str, parent: QWidget | None = None) -> None:
        super().__init__(background, path, parent)
        self.pin = pin_line("PIN")
        self.forgotten_button = Button("Use the recovery phrase", "plain")
        self._left_s = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(SECOND_MS)
        self._timer.timeout.connect(self._count_down)
        for part in (label(reason, "soft"), self.pin, self.message):
            self.content.addWidget(part)
        self.content.addWidget(self.forgotten_button, 0, Qt.AlignmentFlag.AlignLeft)
        lay_out_dialog(self, "Adult’s PIN", self.content, (self.main_button, self.close_button))
        self.main_button.clicked.connect(self.try_pin)
        self.pin.returnPressed.connect(self.try_pin)
        self.forgotten_button.clicked.connect(self._use_phrase)
        self._ask_wait()

    def try_pin(self) -> None:
        """Check what was typed."""
        if self._left_s > 0 or not self.main_button.isEnabled():
            return
        pin = self.pin.text()
        self.main_button.setEnabled(False)
        self._background.run(lambda: self._check(pin), lambda _none: self._let_through(), self._refuse)

    def _check(self, pin: str) -> None:
        with Database(self._path) as database:
            Gate(database).check(pin)

    def _wait_s(self) -> float:
        with Database(self._path) as database:
            return Gate(database).wait_s()

    def _let_through(self) -> None:
        self.accept()
        self.let_through.emit()

    def _refuse(self, error: EmoAsstError) -> None:
        self.pin.clear()
        self.pin.setFocus()
        self.say(error)
        self._ask_wait()

    def _ask_wait(self) -> None:
        self._background.run(self._wait_s, self._show_wait, self.say)

    def _show_wait(self, wait_s: float) -> None:
        self._left_s = wait_s
        if wait_s > 0:
            self._timer.start()
            self._count_down(passed_s=0.0)

    def _count_down(self, passed_s: float = SECOND_MS / 1000) -> None:
        self._left_s = max(0.0, self._left_s - passed_s)
        is_waiting = self._left_s > 0
        self.main_button.setEnabled(not is_waiting)
        self.pin.setEnabled(not is_waiting)
        if is_waiting:
            self.message.setText(f"Too many wrong tries. Wait {in_words(math.ceil(self._left_s))}. Stop works without the PIN.")
        else:
            self._timer.stop()
            self.message.setText("You may try again now.")
            self.pin.setFocus()

    def _use_phrase(self) -> None:
        dialog = ForgottenPinDialog(self._background, self._path, self)
        dialog.changed.connect(self._let_through)
        dialog.open()


class SetPinDialog(PinDialog):
    """Choose the PIN, or another one."""

    changed = Signal()

    def __init__(self, background: Background, path: Path, has_pin: bool, parent: QWidget | None = None) -> None:
        super().__init__(background, path, parent)
        self.present, self.first, self.second = pin_line("The PIN so far"), pin_line("New PIN"), pin_line("New PIN again")
        self._has_pin = has_pin
        why = "With a PIN, only an adult can start the camera, see sessions and people, and change settings. Stop never needs it."
        self.content.addWidget(label(why, "soft"))
        lines = (self.present, self.first, self.second) if has_pin else (self.first, self.second)
        for line in lines:
            self.content.addWidget(label(line.accessibleName(), "soft"))
            self.content.addWidget(line)
        self.content.addWidget(self.message)
        self.main_button.setText("Keep this PIN")
        lay_out_dialog(self, "Change the PIN" if has_pin else "Choose a PIN", self.content, (self.main_button, self.close_button))
        self.main_button.clicked.connect(self.keep)
        self.second.returnPressed.connect(self.keep)

    def keep(self) -> None:
        """Keep it where both lines agree."""
        present = self.present.text() if self._has_pin else None
        try:
            pin = same_pin(self.first, self.second)
        except GateError as error:
            self.say(error)
            return
        self.main_button.setEnabled(False)

        def job() -> None:
            with Database(self._path) as database:
                Gate(database).set_pin(pin, present)

        self._background.run(job, lambda _none: self._kept(), self.say)

    def _kept(self) -> None:
        self.accept()
        self.changed.emit()


class ForgottenPinDialog(PinDialog):
    """The recovery phrase stands in for a PIN that was forgotten."""

    changed = Signal()

    def __init__(self, background: Background, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(background, path, parent)
        self.phrase = QLineEdit()
        self.phrase.setAccessibleName("Recovery phrase")
        self.phrase.setPlaceholderText("All words, in their order")
        self.first, self.second = pin_line("New PIN"), pin_line("New PIN again")
        for line in (self.phrase, self.first, self.second):
            self.content.addWidget(label(line.accessibleName(), "soft"))
            self.content.addWidget(line)
        self.content.addWidget(self.message)
        self.main_button.setText("Keep this PIN")
        lay_out_dialog(self, "New PIN with the recovery phrase", self.content, (self.main_button, self.close_button))
        self.main_button.clicked.connect(self.keep)

    def keep(self) -> None:
        """Keep the new PIN where the phrase is right."""
        phrase = self.phrase.text()
        try:
            pin = same_pin(self.first, self.second)
        except GateError as error:
            self.say(error)
            return
        self.main_button.setEnabled(False)

        def job() -> None:
            with Database(self._path) as database:
                Gate(database).replace_forgotten(pin, lambda: Keys(self._path.parent).check_phrase(phrase))

        self._background.run(job, lambda _none: self._kept(), self.say)

    def _kept(self) -> None:
        self.accept()
        self.changed.emit()
