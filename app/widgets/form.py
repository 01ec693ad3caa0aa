"""Ticks and choices whose marks are drawn, not only coloured."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QStyle, QStyleOptionButton, QWidget

from app.theme import LIGHT, Theme

LEAST_LETTERS = 10


class Tick(QCheckBox):
    """A check box with a tick in it."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = LIGHT

    def set_theme(self, theme: Theme) -> None:
        """Draw in this theme's colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The box of the style sheet, and the tick."""
        super().paintEvent(_event)
        if not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = QRectF(self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(QColor(self._theme.accent_ink), 2.6, Qt.PenStyle.SolidLine, cap, join))
        points = ((0.24, 0.52), (0.43, 0.71), (0.77, 0.30))
        painter.drawPolyline(QPolygonF([QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in points]))
        painter.end()


class Choice(QComboBox):
    """A box to choose from, with its arrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(LEAST_LETTERS)  # longer entries end in "…" where there is no room
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave it to the page: whoever scrolls past a box must not change what is chosen in it."""
        event.ignore()

    def set_theme(self, theme: Theme) -> None:
        """Draw in this theme's colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The box of the style sheet, and the arrow."""
        super().paintEvent(_event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(QColor(self._theme.ink), 2, Qt.PenStyle.SolidLine, cap, join))
        is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x, y = 24.0 if is_mirrored else self.width() - 24.0, self.height() / 2
        painter.drawPolyline(QPolygonF([QPointF(x - 6, y - 3), QPointF(x, y + 3), QPointF(x + 6, y - 3)]))
        painter.end()
