"""Small line drawings for buttons and signs, in the colour of the text beside them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from app.theme import Theme


def _play(path: QPainterPath) -> None:
    path.moveTo(7, 4)
    path.lineTo(20, 12)
    path.lineTo(7, 20)
    path.closeSubpath()


def _pause(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(6, 4, 4, 16), 1, 1)
    path.addRoundedRect(QRectF(14, 4, 4, 16), 1, 1)


def _stop(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(5, 5, 14, 14), 2, 2)


def _folder(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(2, 5, 20, 14), 2, 2)
    path.moveTo(10, 9)
    path.lineTo(15, 12)
    path.lineTo(10, 15)
    path.closeSubpath()


def _camera(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(2, 6, 14, 12), 3, 3)
    path.moveTo(16, 11)
    path.lineTo(22, 7.5)
    path.lineTo(22, 16.5)
    path.lineTo(16, 13)


def _microphone(path: QPainterPath) -> None:
    path.addRoundedRect(QRectF(9, 2.5, 6, 11), 3, 3)
    path.moveTo(5.5, 11)
    path.cubicTo(5.5, 19.5, 18.5, 19.5, 18.5, 11)
    path.moveTo(12, 17.4)
    path.lineTo(12, 21)


def _record(path: QPainterPath) -> None:
    path.addEllipse(QRectF(2.5, 2.5, 19, 19))
    path.addEllipse(QRectF(7.5, 7.5, 9, 9))


def _slow(path: QPainterPath) -> None:
    path.moveTo(3, 18)
    path.cubicTo(3, 4, 21, 4, 21, 18)
    path.moveTo(12, 16)
    path.lineTo(7, 11)


def _clock(path: QPainterPath) -> None:
    path.addEllipse(QRectF(2.5, 2.5, 19, 19))
    path.moveTo(12, 7)
    path.lineTo(12, 12.5)
    path.lineTo(16, 14.5)


def _question(path: QPainterPath) -> None:
    path.moveTo(8, 8.5)
    path.cubicTo(8, 2.5, 16.5, 2.5, 16.5, 8.2)
    path.cubicTo(16.5, 12, 12.2, 11.5, 12.2, 15.5)
    path.addEllipse(QPointF(12.2, 19.8), 0.7, 0.7)


def _back(path: QPainterPath) -> None:
    path.moveTo(14.5, 5)
    path.lineTo(7.5, 12)
    path.lineTo(14.5, 19)


def _forward(path: QPainterPath) -> None:
    path.moveTo(9.5, 5)
    path.lineTo(16.5, 12)
    path.lineTo(9.5, 19)


def _undo(path: QPainterPath) -> None:
    path.moveTo(8.5, 4.5)
    path.lineTo(4, 9)
    path.lineTo(8.5, 13.5)
    path.moveTo(4, 9)
    path.lineTo(14, 9)
    path.cubicTo(22.5, 9, 22.5, 19.5, 14, 19.5)
    path.lineTo(9, 19.5)


def _redo(path: QPainterPath) -> None:
    path.moveTo(15.5, 4.5)
    path.lineTo(20, 9)
    path.lineTo(15.5, 13.5)
    path.moveTo(20, 9)
    path.lineTo(10, 9)
    path.cubicTo(1.5, 9, 1.5, 19.5, 10, 19.5)
    path.lineTo(15, 19.5)


def _info(path: QPainterPath) -> None:
    path.addEllipse(QRectF(2.5, 2.5, 19, 19))
    path.moveTo(12, 11)
    path.lineTo(12, 17)
    path.addEllipse(QPointF(12, 7.3), 0.6, 0.6)


_DRAWINGS: dict[str, Callable[[QPainterPath], None]] = {
    "play": _play,
    "pause": _pause,
    "stop": _stop,
    "folder": _folder,
    "camera": _camera,
    "microphone": _microphone,
    "record": _record,
    "slow": _slow,
    "clock": _clock,
    "question": _question,
    "back": _back,
    "forward": _forward,
    "undo": _undo,
    "redo": _redo,
    "info": _info,
}


DIRECTED = ("back", "forward", "undo", "redo")  # these point the other way where one reads from the right


def draw_glyph(painter: QPainter, name: str, color: str, place: QRectF) -> None:
    """Draw one glyph, 24 units wide, into a square."""
    path = QPainterPath()
    _DRAWINGS[name](path)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.topLeft())
    painter.scale(place.width() / 24, place.height() / 24)
    painter.setPen(QPen(QColor(color), 1.9, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    if name in ("play", "pause", "stop"):
        painter.setBrush(QColor(color))
    painter.drawPath(path)
    painter.restore()


def glyph_icon(name: str, color: str, disabled_color: str, size: QSize, is_mirrored: bool = False) -> QIcon:
    """A glyph for a button, with room between it and the text; mirrored where one reads from the right."""
    icon = QIcon()
    for mode, shade in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled_color)):
        pixmap = QPixmap(size * 2)
        pixmap.setDevicePixelRatio(2)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        if is_mirrored:
            painter.translate(size.width() - (0 if name in DIRECTED else size.height()), 0)
            painter.scale(-1 if name in DIRECTED else 1, 1)
        draw_glyph(painter, name, shade, QRectF(0, 0, size.height(), size.height()))
        painter.end()
        icon.addPixmap(pixmap, mode)
    return icon


class Glyph(QWidget):
    """A glyph standing by itself; it says nothing to screen readers, the words beside it do."""

    def __init__(self, name: str, side_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._color = "#808080"
        self.setFixedSize(QSize(side_px, side_px))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_theme(self, theme: Theme) -> None:
        """Draw in the accent of the theme."""
        self._color = theme.accent
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        draw_glyph(painter, self._name, self._color, QRectF(self.rect()))
        painter.end()
