"""One bar per session; the table beside it holds the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import LIGHT, Theme
from emoasst_core.review.trends import SessionFigures

MOST_BAR_PX, GAP_PX = 44.0, 6.0


class TrendChart(QWidget):
    """Filled: the share of time in which the cue named something. The line across a bar: the share an adult agreed with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._figures: tuple[SessionFigures, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Sessions over time")
        self.setAccessibleDescription("The table below holds the same numbers.")

    def set_theme(self, theme: Theme) -> None:
        """Paint with this theme."""
        self._theme = theme
        self.updateGeometry()
        self.update()

    def show_figures(self, figures: Sequence[SessionFigures]) -> None:
        """Show these sessions, oldest first."""
        self._figures = tuple(figures)
        self.update()

    def sizeHint(self) -> QSize:
        """Room for bars and their days."""
        return QSize(600, round(180 + 2 * QFontMetricsF(self.font()).height()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint bars, lines and days."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(self.font())
        scale_px, foot_px = metrics.horizontalAdvance("100 %") + 12, 1.6 * metrics.height()
        head_px = 0.6 * metrics.height()  # half a number stands above the topmost line
        field = QRectF(scale_px, head_px, self.width() - scale_px - 4, self.height() - foot_px - head_px)
        for share in (0.0, 0.5, 1.0):
            y = field.bottom() - share * field.height()
            painter.setPen(QPen(QColor(self._theme.line), 1))
            painter.drawLine(round(field.left()), round(y), round(field.right()), round(y))
            painter.setPen(QColor(self._theme.ink_soft))
            place = QRectF(0, y - metrics.height() / 2, scale_px - 8, metrics.height())
            painter.drawText(place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"{share:.0%}")
        if self._figures:
            step_px = min(MOST_BAR_PX + GAP_PX, field.width() / len(self._figures))
            last_right = -1.0
            for number, figures in enumerate(self._figures):
                left = field.left() + number * step_px
                self._paint_bar(painter, figures, QRectF(left, field.top(), max(2.0, step_px - GAP_PX), field.height()))
                day = f"{figures.started_at.astimezone():%d %b}".lstrip("0")
                if left > last_right:
                    painter.setPen(QColor(self._theme.ink_soft))
                    painter.drawText(round(left), round(self.height() - 0.4 * metrics.height()), day)
                    last_right = left + metrics.horizontalAdvance(day) + 8
        painter.end()

    def _paint_bar(self, painter: QPainter, figures: SessionFigures, room: QRectF) -> None:
        if figures.sure_share is not None:
            top = room.bottom() - figures.sure_share * room.height()
            painter.setPen(QPen(QColor(self._theme.outline), 1))
            painter.setBrush(QColor(self._theme.sunken))
            painter.drawRect(QRectF(room.left(), top, room.width(), room.bottom() - top))
        if figures.num_named:
            y = room.bottom() - figures.num_right / figures.num_named * room.height()
            painter.setPen(QPen(QColor(self._theme.accent), 4))
            painter.drawLine(round(room.left() - 2), round(y), round(room.right() + 2), round(y))
