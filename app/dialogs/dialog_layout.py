"""The frame of a small window: a title, what is in it, a message, and its buttons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from app.widgets.scroll import FollowingArea
from app.widgets.text import Button, label

WIDTH_PX = 560
MOST_OF_SCREEN = 0.9


def lay_out_dialog(dialog: QDialog, title: str, content: QLayout, buttons: Sequence[Button]) -> None:
    """Put a dialog together; what does not fit on the screen scrolls."""
    dialog.setWindowTitle(title)
    inside = QWidget()
    inside.setObjectName("scrolled")
    inside.setLayout(content)
    content.setContentsMargins(0, 0, 8, 0)
    area = FollowingArea()
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    row = QHBoxLayout()
    row.setSpacing(12)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(28, 24, 28, 24)
    layout.setSpacing(12)
    layout.addWidget(label(title, "title"))
    layout.addWidget(area, 1)
    layout.addLayout(row)
    _Refit(dialog, content)


class _Refit(QObject):
    """Fits a dialog again when the text size has changed under it."""

    def __init__(self, dialog: QDialog, content: QLayout) -> None:
        super().__init__(dialog)
        self._dialog, self._content = dialog, content
        self._line_px = dialog.fontMetrics().height()
        dialog.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Look whether lines have become taller or lower."""
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange, QEvent.Type.LayoutRequest):
            line_px = self._dialog.fontMetrics().height()
            if line_px != self._line_px:
                self._line_px = line_px
                fit_dialog(self._dialog, self._content)
        return False


def fit_dialog(dialog: QDialog, content: QLayout) -> None:
    """Give a dialog the size of its content, but never more than the screen has."""
    screen = dialog.screen().availableGeometry()
    scale = max(1.0, dialog.fontMetrics().height() / 19)
    width = min(round(WIDTH_PX * scale), round(MOST_OF_SCREEN * screen.width()))
    inner = width - 2 * 28 - 24
    height = content.totalHeightForWidth(inner) if content.hasHeightForWidth() else content.totalSizeHint().height()
    rest = 2 * 24 + round(130 * scale)
    dialog.resize(width, min(height + rest, round(MOST_OF_SCREEN * screen.height())))
