"""Signs that say what is on: camera, microphone, recording. They keep their place whether on or off."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import LIGHT, Theme
from app.widgets.glyphs import draw_glyph

GLYPH_PX = 24
METER_PX = 64
QUIET_DB, LOUD_DB = -60.0, -10.0


class StatusSign(QWidget):
    """Glyph, words, a dot that is filled while on, and for sound a meter.

    Args:
        glyph: name of the drawing.
        on, off: the words for both states.
        has_meter: show how loud it is.
        is_shy: show nothing while off; its place stays empty.
    """

    def __init__(
        self, glyph: str, on: str, off: str, has_meter: bool = False, is_shy: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._is_shy = is_shy
        self._glyph, self._on, self._off, self._has_meter = glyph, on, off, has_meter
        self._theme = LIGHT
        self._level = 0.0
        self.is_on = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_on(False)

    def set_theme(self, theme: Theme) -> None:
        """Paint with this theme."""
        self._theme = theme
        self.updateGeometry()
        self.update()

    def set_on(self, is_on: bool) -> None:
        """Say whether it is on."""
        self.is_on = is_on
        self._level = 0.0
        self.setAccessibleName(self._on if is_on else self._off)
        self.update()

    def set_level(self, level_db: float) -> None:
        """Show how loud it is."""
        self._level = min(1.0, max(0.0, (level_db - QUIET_DB) / (LOUD_DB - QUIET_DB))) if self.is_on else 0.0
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the longer of both texts."""
        metrics = self.fontMetrics()
        words = max(metrics.horizontalAdvance(self._on), metrics.horizontalAdvance(self._off))
        return QSize(GLYPH_PX + 34 + words + (METER_PX + 12 if self._has_meter else 0), max(44, metrics.height() + 12))

    def minimumSizeHint(self) -> QSize:
        """Nothing is cut off."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint glyph, dot, words and meter; from the right where one reads from the right."""
        if self._is_shy and not self.is_on:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        color = self._theme.ink if self.is_on else self._theme.ink_soft
        painter.setPen(QPen(QColor(self._theme.accent if self.is_on else self._theme.outline), 2))
        painter.setBrush(QColor(self._theme.accent) if self.is_on else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(self._visual(2, middle - 6, 12, 12))
        draw_glyph(painter, self._glyph, color, self._visual(22, middle - GLYPH_PX / 2, GLYPH_PX, GLYPH_PX))
        painter.setPen(QColor(color))
        right = METER_PX + 8 if self._has_meter else 0
        words = self._visual(GLYPH_PX + 30, 0, self.width() - GLYPH_PX - 30 - right, self.height())
        flags = int(
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        )  # turned by the painter where one reads from the right
        painter.drawText(words, flags, self._on if self.is_on else self._off)
        if self._has_meter:
            self._paint_meter(painter, middle)
        painter.end()

    def _paint_meter(self, painter: QPainter, middle: float) -> None:
        well = self._visual(self.width() - METER_PX, middle - 4, METER_PX - 2, 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._theme.outline), 1))
        painter.drawRoundedRect(well, 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.accent))
        painter.drawRoundedRect(self._visual(self.width() - METER_PX, middle - 4, (METER_PX - 2) * self._level, 8), 4, 4)

    def _visual(self, x: float, y: float, width: float, height: float) -> QRectF:
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            x = self.width() - x - width
        return QRectF(x, y, width, height)
