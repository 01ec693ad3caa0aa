"""One row of the timeline: filled is clear, outlined maybe, hatched unsure, dotted where nothing could be read."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.item_models.timeline_model import Lane, LaneRow
from app.theme import LIGHT, Theme, text_on
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState

ICON_PX = 22


class RowPainter:
    """Paints rows in the present theme.

    Args:
        catalogue: the drawings of the emotions.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._icons: dict[tuple[str, str], QPixmap] = {}
        self._theme = LIGHT

    def set_theme(self, theme: Theme) -> None:
        """Paint with this theme."""
        self._theme = theme
        self._icons.clear()

    def paint(self, painter: QPainter, row: LaneRow, place: QRectF) -> None:
        """Paint a row into its place."""
        ink = QColor(self._theme.ink_soft)
        text_color = self._theme.ink
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if row.emotion is not None and row.state is CueState.CLEAR:
            color = self._theme.emotions[row.emotion]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(place, 4, 4)
            text_color = text_on(color)
        elif row.emotion is not None and row.state is CueState.MAYBE:
            painter.setPen(QPen(QColor(self._theme.emotions[row.emotion]), 2.5))
            painter.drawRoundedRect(place.adjusted(1.5, 1.5, -1.5, -1.5), 4, 4)
        elif row.state is CueState.UNSURE:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(ink, Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(place, 4, 4)
            text_color = ""
        elif row.state is not None:
            painter.setPen(QPen(ink, 1.5, Qt.PenStyle.DotLine))
            middle = place.center().y()
            painter.drawLine(QPointF(place.left() + 2, middle), QPointF(place.right() - 2, middle))
            text_color = ""
        elif row.lane is Lane.ANSWER:
            painter.setPen(QPen(QColor(self._theme.outline), 1, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        if text_color and row.text:
            self._paint_text(painter, row, place, text_color)

    def _paint_text(self, painter: QPainter, row: LaneRow, place: QRectF, color: str) -> None:
        width = QFontMetricsF(painter.font()).horizontalAdvance(row.text)
        if width + 10 <= place.width():
            painter.setPen(QColor(color))
            painter.drawText(place.adjusted(-12, 0, 12, 0), int(Qt.AlignmentFlag.AlignCenter), row.text)
        elif row.emotion is not None and place.width() >= ICON_PX + 4 and place.height() >= ICON_PX:
            icon = self._icon(row.emotion, color)
            painter.drawPixmap(place.center() - QPointF(ICON_PX / 2, ICON_PX / 2), icon)

    def _icon(self, emotion: str, color: str) -> QPixmap:
        """The small face that tells the emotion where its word does not fit; drawn once per theme."""
        if (emotion, color) not in self._icons:
            pixmap = QPixmap(ICON_PX * 2, ICON_PX * 2)
            pixmap.setDevicePixelRatio(2)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            drawing = self._catalogue.icon(Cue(0.0, CueState.MAYBE, emotion)).read_text("utf-8").replace("currentColor", color)
            QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(0, 0, ICON_PX, ICON_PX))
            painter.end()
            self._icons[emotion, color] = pixmap
        return self._icons[emotion, color]
