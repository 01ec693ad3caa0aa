"""A page's content in one column, centred, that scrolls where the window is too small for it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget


class FollowingArea(QScrollArea):
    """Scrolls without a frame, and to whatever gets the keyboard: also when Tab comes from a button outside of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)

    def _follow(self, _before: QWidget | None, focused: QWidget | None) -> None:
        is_pressed = QApplication.mouseButtons() != Qt.MouseButton.NoButton  # what is clicked must not move away
        inside = self.widget()
        if focused is not None and inside is not None and inside.isAncestorOf(focused) and not is_pressed:
            self.ensureWidgetVisible(focused)


def fill_with_column(page: QWidget, content: QLayout, most_px: int, top_px: int) -> QScrollArea:
    """Lay `content` out as the page's only column, at most `most_px` wide and `top_px` below the edge."""
    column = QWidget()
    column.setMaximumWidth(most_px)
    column.setLayout(content)
    scrolled = QWidget()
    scrolled.setObjectName("scrolled")
    middle = QHBoxLayout(scrolled)
    middle.setContentsMargins(32, top_px, 32, 24)
    middle.addStretch(1)
    middle.addWidget(column, 100)
    middle.addStretch(1)
    area = FollowingArea()
    area.setWidget(scrolled)
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(area)
    return area
