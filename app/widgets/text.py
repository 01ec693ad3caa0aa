"""Labels and buttons with a role; the style sheet decides what a role looks like."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from app.theme import Theme
from app.widgets.glyphs import glyph_icon
from app.widgets.press_button import PressButton


def label(text: str, role: str = "body", wraps: bool = True) -> QLabel:
    """A piece of text: "title", "lead", "heading", "body" or "soft"."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wraps)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def card(role: str = "card") -> QFrame:
    """A quiet frame around things that belong together."""
    made = QFrame()
    made.setProperty("role", role)
    return made


class ElidedLabel(QLabel):
    """One line that ends in "…" where it does not fit; the whole of it is in the tool tip and for screen readers."""

    def __init__(self, role: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, text: str) -> None:
        """Show this text."""
        self.setText(text)
        self.setToolTip(text)
        self.setAccessibleName(text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw as much as fits."""
        painter = QPainter(self)
        fitting = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), fitting)
        painter.end()


class Button(PressButton):
    """A button of one role, with an optional glyph in the colour of its text.

    Args:
        text: begins with a verb.
        role: "main", "quiet" or "plain".
        glyph: name of a drawing from `glyphs`.
    """

    def __init__(self, text: str, role: str = "quiet", glyph: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._role = role
        self._glyph = glyph
        self._theme: Theme | None = None
        self.setProperty("role", role)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(False)

    def set_glyph(self, glyph: str) -> None:
        """Change the drawing."""
        self._glyph = glyph
        if self._theme is not None:
            self.set_theme(self._theme)

    def set_theme(self, theme: Theme) -> None:
        """Draw the glyph in the text's colour."""
        self._theme = theme
        self.ensurePolished()
        line = self.fontMetrics().height()
        self.setIconSize(QSize(round(1.4 * line), round(1.05 * line)))
        if self._glyph:
            color = theme.accent_ink if self._role == "main" else theme.ink
            is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
            self.setIcon(glyph_icon(self._glyph, color, theme.ink_soft, self.iconSize(), is_mirrored))
