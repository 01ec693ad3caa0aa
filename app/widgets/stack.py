"""Panels on top of each other that take no more room than the one in front."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QStackedWidget, QWidget


class PanelStack(QStackedWidget):
    """A plain stack is as large as the largest of its panels, so that a small one in front would scroll in an empty page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.currentChanged.connect(lambda _index: self.updateGeometry())

    def sizeHint(self) -> QSize:
        """What the panel in front asks for."""
        return self._front().sizeHint()

    def minimumSizeHint(self) -> QSize:
        """What the panel in front needs at least."""
        return self._front().minimumSizeHint()

    def hasHeightForWidth(self) -> bool:
        """Whether it is taller where it is narrow."""
        return self._front().hasHeightForWidth()

    def heightForWidth(self, width: int) -> int:
        """Height of the panel in front at this width."""
        return self._front().heightForWidth(width)

    def _front(self) -> QWidget:
        panel = self.currentWidget()
        assert panel is not None, "a stack without panels has no size"
        return panel
