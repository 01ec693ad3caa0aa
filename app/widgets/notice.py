"""A message inside the page: what happened, what to do, and at most two buttons. Never a popup, never a traceback."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.glyphs import Glyph
from app.widgets.text import Button, label


class Notice(QFrame):
    """Hidden until there is something to say."""

    main_chosen = Signal()
    other_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self._message = label("", "heading")
        self._next_step = label("")
        for part in (self._message, self._next_step):
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.main_button = Button("", "main")
        self.other_button = Button("")
        self.main_button.clicked.connect(self.main_chosen)
        self.other_button.clicked.connect(self.other_chosen)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addWidget(self._message)
        words.addWidget(self._next_step)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addWidget(self.main_button)
        buttons.addWidget(self.other_button)
        buttons.addStretch(1)
        words.addSpacing(6)
        words.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(16)
        layout.addWidget(Glyph("info", 32), 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        self.hide()

    def say(self, message: str, next_step: str, main: str = "", other: str = "") -> None:
        """Show it; a button without a text is left out."""
        self._message.setText(message)
        self._next_step.setText(next_step)
        self._next_step.setVisible(bool(next_step))
        self.setAccessibleName(f"{message} {next_step}".strip())
        for button, text in ((self.main_button, main), (self.other_button, other)):
            button.setText(text)
            button.setVisible(bool(text))
        self.show()

    @property
    def text(self) -> str:
        """What it says, "" while hidden."""
        return self.accessibleName() if not self.isHidden() else ""
