"""A page's content in one column, centred, that scrolls where the window is too small for it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget


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
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(scrolled)
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(area)
    return area
