"""The cue: a drawn face, a few words, and why there is none. Always icon and word, never colour alone."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from app.announcer import Announcer
from app.theme import LIGHT, Theme, text_on
from app.widgets.text import label
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState

ICON_PX = 152
FADE_MS = 220  # one fade of a cue every three seconds at most: far below what flashes


def draw_cue_icon(painter: QPainter, catalogue: Catalogue, cue: Cue, theme: Theme, place: QRectF) -> None:
    """Draw a cue's face: on a filled disc when it is clear, as a line drawing when it is not."""
    color = catalogue.color(cue, theme.name)
    line = color
    if cue.state is CueState.CLEAR:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        inset = place.width() * 0.05
        painter.drawEllipse(place.adjusted(inset, inset, -inset, -inset))
        painter.restore()
        line = text_on(color)
    drawing = catalogue.icon(cue).read_text("utf-8").replace("currentColor", line)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter, place)


class CueIcon(QWidget):
    """The drawn face alone."""

    def __init__(self, catalogue: Catalogue, side_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._catalogue = catalogue
        self._theme = LIGHT
        self._cue: Cue | None = None
        self._opacity = 1.0
        self._fade = QVariantAnimation(self)
        self._fade.setDuration(FADE_MS)
        self._fade.setStartValue(0.0)
        self._fade.setEndValue(1.0)
        self._fade.valueChanged.connect(self._fade_to)
        self.has_motion = False
        self.setFixedSize(QSize(side_px, side_px))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_theme(self, theme: Theme) -> None:
        """Draw in this theme's colours."""
        self._theme = theme
        self.update()

    def show_cue(self, cue: Cue | None) -> None:
        """Draw this cue, or nothing; it fades in where motion is wanted."""
        self._cue = cue
        self._fade.stop()
        self._opacity = 1.0
        if self.has_motion and cue is not None:
            self._fade.start()
        self.update()

    def _fade_to(self, opacity: float) -> None:
        self._opacity = opacity
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        if self._cue is None:
            return
        painter = QPainter(self)
        painter.setOpacity(self._opacity)
        draw_cue_icon(painter, self._catalogue, self._cue, self._theme, QRectF(self.rect()))
        painter.end()


class CueCard(QFrame):
    """What the child looks at. It keeps its size whatever it says.

    Args:
        catalogue: words, drawings and colours.
        announces: say what is shown to screen readers; of two cards that show the same only one does.
    """

    def __init__(self, catalogue: Catalogue, announces: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._catalogue = catalogue
        self._announces = announces
        self.announcer = Announcer(self)
        self.setProperty("role", "stage")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._icon = CueIcon(catalogue, ICON_PX)
        self._words = label("", "cue")
        self._reason = label("", "lead")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 24, 20, 24)
        layout.setSpacing(10)
        layout.addStretch(1)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        for part in (self._words, self._reason):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            layout.addWidget(part)
        layout.addStretch(1)

    def show_cue(self, cue: Cue, person: str = "") -> None:
        """Show a cue about a person, named as people call them, and say it politely to screen readers."""
        words = self._catalogue.text(cue)
        self._icon.show_cue(cue)
        self._say(words, person if cue.emotion is not None else "")
        self._announce(f"{person}: {words}" if person and cue.emotion is not None else words)

    def say(self, words: str, reason: str = "") -> None:
        """Say something that is no cue: that it rests, loads, or has ended."""
        self._icon.show_cue(None)
        self._say(words, reason)
        self._announce(f"{words}. {reason}".strip(". "))

    def set_icon_side(self, side_px: int) -> None:
        """Draw the face this large."""
        self._icon.setFixedSize(QSize(side_px, side_px))

    def _announce(self, words: str) -> None:
        if self._announces:
            self.announcer.say(words)

    def set_motion(self, has_motion: bool) -> None:
        """Let cues fade in, or let them simply be there."""
        self._icon.has_motion = has_motion

    @property
    def words(self) -> str:
        """What it says now."""
        return self._words.text()

    def _say(self, words: str, reason: str) -> None:
        self._words.setText(words)
        self._reason.setText(reason)
        self.setAccessibleName(f"{words} {reason}".strip())

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the text size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()
