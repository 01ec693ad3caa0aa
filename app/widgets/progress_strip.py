"""Work in the background: what is done, how far it is, and a button to stop it. Quiet, and gone when it is over."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app.widgets.text import Button, label


class ProgressStrip(QFrame):
    """Hidden until there is something to tell."""

    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self._words = label("")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.button = Button("Stop for now")
        self.button.clicked.connect(self._press)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(self._words)
        column.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 14, 20, 14)
        row.setSpacing(16)
        row.addLayout(column, 1)
        row.addWidget(self.button)
        self.hide()

    @property
    def words(self) -> str:
        """What is said."""
        return self._words.text()

    def show_progress(self, words: str, done: int, total: int) -> None:
        """Say what is being done and how far it is."""
        self._words.setText(f"{words} {done} of {total}")
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self.bar.setAccessibleName(self._words.text())
        self.bar.show()
        self.button.setText("Stop for now")
        self.show()

    def say(self, words: str) -> None:
        """Say how it ended, until somebody closes it."""
        self._words.setText(words)
        self.bar.hide()
        self.button.setText("Close this message")
        self.show()

    def _press(self) -> None:
        if self.bar.isHidden():
            self.hide()
        else:
            self.stop_wanted.emit()
