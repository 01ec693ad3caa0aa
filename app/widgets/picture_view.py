"""The picture with the faces found in it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.names import shown_name
from app.theme import LIGHT, Theme, text_on
from emoasst_core.datatypes import Face, Frame

STALE_S = 0.6  # a box this much older than the picture no longer fits the face
RADIUS_PX = 14


class PictureView(QWidget):
    """Shows one frame as large as it fits, with a box and a name around each face."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._image: QImage | None = None
        self._frame: Frame | None = None
        self._faces: tuple[Face, ...] = ()
        self._faces_s = 0.0
        self._words = ""
        self._names: Mapping[str, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(320, 200))
        self.setAccessibleName("Picture")

    def set_theme(self, theme: Theme) -> None:
        """Paint with this theme."""
        self._theme = theme
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show a picture; boxes that are too old for it disappear."""
        height, width = frame.image.shape[:2]
        self._frame = frame  # keeps the pixels alive: the image only borrows them
        self._image = QImage(frame.image.data, width, height, frame.image.strides[0], QImage.Format.Format_RGB888)
        self.update()

    def show_faces(self, time_s: float, faces: tuple[Face, ...]) -> None:
        """Show where the faces of a moment are."""
        self._faces_s, self._faces = time_s, faces
        names = ", ".join(shown_name(face.person, self._names) for face in faces)
        self.setAccessibleDescription(f"Faces: {names}" if faces else "No face")
        self.update()

    def set_names(self, names: Mapping[str, str]) -> None:
        """Write these names beside the faces of known people."""
        self._names = names

    def say(self, words: str) -> None:
        """Say something where the picture would be; forgets the picture."""
        self._words = words
        self._image = self._frame = None
        self._faces = ()
        self.setAccessibleDescription(words)
        self.update()

    @property
    def frame(self) -> Frame | None:
        """The picture shown."""
        return self._frame

    @property
    def faces(self) -> tuple[Face, ...]:
        """The faces whose boxes fit the picture shown."""
        if self._frame is None or abs(self._frame.time_s - self._faces_s) > STALE_S:
            return ()
        return self._faces

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint well, picture, boxes."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), RADIUS_PX, RADIUS_PX)
        painter.setClipPath(shape)
        painter.fillRect(self.rect(), QColor(self._theme.sunken))
        if self._image is None:
            self._paint_words(painter)
        else:
            place = self._place(self._image)
            painter.drawImage(place, self._image)
            for face in self.faces:
                self._paint_face(painter, face, place, place.width() / self._image.width())
        painter.end()

    def _place(self, image: QImage) -> QRectF:
        scale = min(self.width() / image.width(), self.height() / image.height())
        width, height = image.width() * scale, image.height() * scale
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def _paint_words(self, painter: QPainter) -> None:
        painter.setPen(QColor(self._theme.ink_soft))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(self.rect()).adjusted(32, 32, -32, -32), int(flags), self._words)

    def _paint_face(self, painter: QPainter, face: Face, place: QRectF, scale: float) -> None:
        box = QRectF(
            place.x() + face.box.x * scale, place.y() + face.box.y * scale, face.box.width * scale, face.box.height * scale
        )
        for color, width in (
            (QColor("#0E1418"), 5.0),
            (QColor("#F8F4EB"), 2.5),
        ):  # a light line in a dark one: seen on any picture
            painter.setPen(QPen(color, width))
            painter.drawRoundedRect(box, 8, 8)
        if not face.person:
            return
        name = shown_name(face.person, self._names)
        metrics = QFontMetricsF(painter.font())
        tag = QRectF(box.left(), box.bottom() + 6, metrics.horizontalAdvance(name) + 20, metrics.height() + 8)
        if tag.bottom() > place.bottom():
            tag.moveBottom(box.bottom() - 6)
            tag.moveLeft(box.left() + 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#0E1418"))
        painter.drawRoundedRect(tag, 8, 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(text_on("#0E1418")))
        baseline = QPointF(tag.left() + 10, tag.center().y() + (metrics.ascent() - metrics.descent()) / 2)
        painter.drawText(baseline, name)
