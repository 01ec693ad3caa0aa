"""The painted timeline: one band per lane, unsure by hatching, a line where the player stands."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.item_models.timeline_model import LANE_NAMES, Lane, LaneRow, TimelineModel, clock_text
from app.theme import LIGHT, Theme
from app.widgets.timeline_lanes import LEAST_ROW_PX, LaneBand, column_picture
from app.widgets.timeline_rows import RowPainter
from emoasst_core.cues.catalogue import Catalogue

NAMES_ROOM_PX = 26  # edges beside the names of the lanes
GAP_PX = 6
TICKS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
TICK_GAP_LINES = 4.7  # between two times on the ruler, in heights of a line of text
ZOOM_STEP = 1.6
MOST_WORD_SHIFT_PX = 60
WORD_GAP_PX = 6
LEAST_SPAN_S = 2.0


class TimelineView(QWidget):
    """A view of a `TimelineModel`; the table beside it shows the same rows in words."""

    moment_chosen = Signal(float)

    def __init__(self, model: TimelineModel, catalogue: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._rows = RowPainter(catalogue)
        self._theme = LIGHT
        self._position_s = 0.0
        self._selected = (0.0, 0.0)
        self._marks_s: tuple[float, ...] = ()
        self._bands: dict[Lane, LaneBand] = {}
        self._names_px: float | None = None  # measured once per font
        self._first_s, self._span_s = 0.0, 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Timeline")
        self.setAccessibleDescription("Lanes: face, voice, cue shown, your answer, words. The table shows the same in words.")
        model.modelReset.connect(self._show_all)
        model.dataChanged.connect(self._follow)

    def set_theme(self, theme: Theme) -> None:
        """Paint with this theme."""
        self._theme = theme
        self._rows.set_theme(theme)
        self.update()

    def set_position(self, time_s: float) -> None:
        """Move the line; what is shown follows it when zoomed in."""
        self._position_s = time_s
        if not self._first_s <= time_s <= self._first_s + self._span_s:
            self._look_at(time_s - 0.1 * self._span_s, self._span_s)
        self.update()

    def set_selected(self, start_s: float, end_s: float) -> None:
        """Frame the part that answers are for."""
        self._selected = (start_s, end_s)
        self.update()

    def set_marks(self, times_s: tuple[float, ...]) -> None:
        """Show the moments marked with "?"."""
        self._marks_s = times_s
        self.update()

    @property
    def names_px(self) -> float:
        """Width of the names of the lanes."""
        if self._names_px is None:
            metrics = QFontMetricsF(self.font())
            self._names_px = max(metrics.horizontalAdvance(name) for name in LANE_NAMES.values()) + NAMES_ROOM_PX
        return self._names_px

    @property
    def ruler_px(self) -> float:
        """Height of the ruler."""
        return 1.8 * QFontMetricsF(self.font()).height()

    def zoom(self, steps: int) -> None:
        """Show less time, larger (or more), around the line."""
        span_s = self._span_s / ZOOM_STEP**steps
        share = (self._position_s - self._first_s) / self._span_s
        self._look_at(self._position_s - share * span_s, span_s)

    def sizeHint(self) -> QSize:
        """Five lanes and the ruler."""
        return QSize(900, 220)

    def minimumSizeHint(self) -> QSize:
        """Lanes of a height that can be read."""
        return QSize(500, 190)

    def x_of(self, time_s: float) -> float:
        """Where a moment is drawn."""
        return self.names_px + (time_s - self._first_s) / self._span_s * (self.width() - self.names_px - 8)

    def time_of(self, x: float) -> float:
        """The moment drawn at a place."""
        share = (x - self.names_px) / max(1, self.width() - self.names_px - 8)
        return min(max(self._first_s + share * self._span_s, 0.0), self._model.duration_s)

    def lane_rect(self, lane: Lane) -> QRectF:
        """The band of one lane."""
        height = (self.height() - self.ruler_px) / len(Lane)
        return QRectF(
            self.names_px, self.ruler_px + lane * height + GAP_PX / 2, self.width() - self.names_px - 8, height - GAP_PX
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the text size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._names_px = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to where it was clicked."""
        self.moment_chosen.emit(self.time_of(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along while the button is held."""
        self.moment_chosen.emit(self.time_of(event.position().x()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl, else move along."""
        steps = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1 if steps > 0 else -1)
        else:
            self._look_at(self._first_s - steps * 0.15 * self._span_s, self._span_s)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint ruler, lanes, selection and line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ruler(painter)
        for lane in Lane:
            band = self.lane_rect(lane)
            painter.setPen(QColor(self._theme.ink))
            names = QRectF(0, band.top(), self.names_px - 12, band.height())
            painter.drawText(names, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), LANE_NAMES[lane])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.lane))
            painter.drawRoundedRect(band, 6, 6)
        painter.setClipRect(QRectF(self.names_px, 0, self.width() - self.names_px, self.height()))
        for lane in Lane:
            self._paint_lane(painter, lane)
        self._paint_selection_and_line(painter)
        if self.hasFocus():
            painter.setClipping(False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.focus), 3))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 8, 8)
        painter.end()

    def _follow(self) -> None:
        """An answer has changed: its lane is painted from new arrays."""
        self._bands.pop(Lane.ANSWER, None)
        self.update()

    def _band(self, lane: Lane) -> LaneBand:
        if lane not in self._bands:
            self._bands[lane] = LaneBand([row for row in self._model.rows if row.lane is lane])
        return self._bands[lane]

    def _paint_lane(self, painter: QPainter, lane: Lane) -> None:
        """Row by row, or by columns of pixels where the rows are too many for that."""
        band, place = self._band(lane), self.lane_rect(lane)
        first, last = band.between(self._first_s, self._first_s + self._span_s)
        if lane is Lane.WORDS:
            self._paint_words(painter, band, first, last)
        elif (last - first) * LEAST_ROW_PX <= place.width():
            for row in band.rows[first:last]:
                if row.end_s > self._first_s:
                    self._rows.paint(painter, row, self._place_of(row))
        elif place.width() >= 1:
            edges_s = self._first_s + np.arange(int(place.width()) + 1, dtype=np.float64) * (self._span_s / place.width())
            painter.drawImage(place.topLeft(), column_picture(band.columns(edges_s), max(1, int(place.height())), self._theme))

    def _paint_words(self, painter: QPainter, band: LaneBand, first: int, last: int) -> None:
        """Words follow each other as on a line; where they come too fast for the zoom, the later ones are left out."""
        lane, metrics, end_px, place = self.lane_rect(Lane.WORDS), QFontMetricsF(painter.font()), 0.0, first
        painter.setPen(QColor(self._theme.ink))
        while place < last:
            row = band.rows[place]
            at, width = self.x_of(row.start_s), metrics.horizontalAdvance(row.text)
            left = max(at, end_px)
            if left - at <= MOST_WORD_SHIFT_PX:
                where = QRectF(left, lane.top(), width + 2, lane.height())
                painter.drawText(where, int(Qt.AlignmentFlag.AlignVCenter), row.text)
                end_px = left + width + WORD_GAP_PX
            reached_s = self._first_s + (end_px - MOST_WORD_SHIFT_PX - self.names_px) / self._px_per_s
            place = band.next_after(place + 1, reached_s)

    @property
    def _px_per_s(self) -> float:
        return max(1e-6, (self.width() - self.names_px - 8) / self._span_s)

    def look_at(self, start_s: float, end_s: float) -> None:
        """Show this stretch from edge to edge."""
        self._look_at(start_s, end_s - start_s)

    def _show_all(self) -> None:
        self._bands.clear()
        self._position_s, self._selected, self._marks_s = 0.0, (0.0, 0.0), ()
        self._first_s, self._span_s = 0.0, max(LEAST_SPAN_S, self._model.duration_s)
        self.update()

    def _look_at(self, first_s: float, span_s: float) -> None:
        longest_s = max(LEAST_SPAN_S, self._model.duration_s)
        self._span_s = min(max(span_s, LEAST_SPAN_S), longest_s)
        self._first_s = min(max(first_s, 0.0), longest_s - self._span_s)
        self.update()

    def _paint_ruler(self, painter: QPainter) -> None:
        gap_px = TICK_GAP_LINES * QFontMetricsF(self.font()).height()
        px_per_s = (self.width() - self.names_px) / self._span_s
        step_s = next((step for step in TICKS_S if step * px_per_s >= gap_px), TICKS_S[-1])
        tick = int(self._first_s / step_s)
        painter.setPen(QColor(self._theme.ink_soft))
        while (time_s := tick * step_s) <= self._first_s + self._span_s:
            x = self.x_of(time_s)
            if x >= self.names_px - 1 and x < self.width() - 48:
                painter.drawLine(QPointF(x, self.ruler_px - 12), QPointF(x, self.ruler_px - 2))
                text = clock_text(time_s) if step_s < 1 else clock_text(time_s)[:-2]
                painter.drawText(QPointF(x + 5, self.ruler_px - 14), text)
            tick += 1

    def _place_of(self, row: LaneRow) -> QRectF:
        band, left, right = self.lane_rect(row.lane), self.x_of(row.start_s), self.x_of(row.end_s)
        return QRectF(left, band.top(), max(2.0, right - left - 1), band.height())

    def _paint_selection_and_line(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        start_s, end_s = self._selected
        if end_s > start_s:
            band = self.lane_rect(Lane.ANSWER)
            place = QRectF(self.x_of(start_s), band.top(), self.x_of(end_s) - self.x_of(start_s), band.height())
            painter.setPen(QPen(QColor(self._theme.focus), 3))
            painter.drawRoundedRect(place, 5, 5)
        painter.setPen(QColor(self._theme.ink))
        for mark_s in self._marks_s:
            painter.drawText(QPointF(self.x_of(mark_s) - 4, self.ruler_px - 1), "?")
        x = self.x_of(self._position_s)
        painter.setPen(QPen(QColor(self._theme.ink), 2))
        painter.drawLine(QPointF(x, 4), QPointF(x, self.height()))
        painter.setBrush(QColor(self._theme.ink))
        painter.drawEllipse(QPointF(x, 6), 5, 5)
