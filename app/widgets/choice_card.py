"""A big button that offers one way to go on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.widgets.glyphs import Glyph
from app.widgets.press_button import PressButton
from app.widgets.text import label


class ChoiceCard(PressButton):
    """Drawing, name and one sentence."""

    def __init__(self, glyph: str, name: str, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "choice")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)
        self.setAccessibleDescription(sentence)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 30, 28, 30)
        layout.setSpacing(14)
        layout.addWidget(Glyph(glyph, 52))
        layout.addSpacing(6)
        for part in (label(name, "heading"), label(sentence, "soft")):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            part.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            layout.addWidget(part)
        layout.addStretch(1)

    def sizeHint(self) -> QSize:
        """As large as what is in it."""
        layout = self.layout()
        assert layout is not None
        width = max(240, self.width())
        return QSize(240, max(220, layout.totalHeightForWidth(width)))

    def minimumSizeHint(self) -> QSize:
        """Never smaller than its words."""
        return QSize(200, self.sizeHint().height())
