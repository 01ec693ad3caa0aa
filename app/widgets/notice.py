"""A message inside the page: what happened, what to do, and at most two buttons. Never a popup, never a traceback."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.flow import FlowLayout
from app.widgets.glyphs import Glyph
from app.widgets.text import Button, label

GLYPH_PX, SPACING_PX, MARGIN_PX = 32, 16, 20
NOTICE_EDGES_PX = MARGIN_PX + GLYPH_PX + SPACING_PX + MARGIN_PX + 4  # beside its buttons, outline included
BUTTON_EDGES_PX = 48  # beside a button's words


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
        buttons = FlowLayout(gap_px=12)  # one under the other where large text leaves no room beside
        buttons.addWidget(self.main_button)
        buttons.addWidget(self.other_button)
        words.addSpacing(6)
        words.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MARGIN_PX, 18, MARGIN_PX, 18)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(Glyph("info", GLYPH_PX), 0, Qt.AlignmentFlag.AlignTop)
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

    def width_for(self, texts: Sequence[str]) -> int:
        """Least width, in pixels at the present text size, that shows a button with any of these texts whole."""
        self.main_button.ensurePolished()
        metrics = self.main_button.fontMetrics()
        return NOTICE_EDGES_PX + BUTTON_EDGES_PX + max(metrics.horizontalAdvance(text) for text in texts)

    @property
    def text(self) -> str:
        """What it says, "" while hidden."""
        return self.accessibleName() if not self.isHidden() else ""
