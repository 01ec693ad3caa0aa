"""The cue: a drawn face, a few words, and why there is none. Always icon and word, never colour alone."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from app.announcer import Announcer
from app.theme import BODY_PX, CUE_PX, LEAD_PX, LIGHT, Theme, text_on
from app.widgets.text import label
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState

ICON_PX = 152
LEAST_ICON_PX, LEAST_CUE_PX = 72, 32
EDGE_PX = 20
MOST_LINES = 3.2  # of words: more room than that only pulls the parts asunder
ICON_SHARE, WORDS_SHARE = 0.45, 0.6  # of the height of the card; of what the icon leaves
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
        self._most_icon_px, self._most_words_px = ICON_PX, CUE_PX
        for part in (self._icon, self._words, self._reason):
            part.setParent(self)  # no layout: places follow from the size of the card alone, never from what is said
        for words in (self._words, self._reason):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)

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

    def set_sizes(self, icon_px: int, words_px: int) -> None:
        """Draw face and words at most this large, for a view that is seen from afar."""
        self._most_icon_px, self._most_words_px = icon_px, words_px
        self._fit()

    def set_theme(self, _theme: Theme) -> None:
        """Follow a change of the text size."""
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give icon, words and reason fixed shares of the room, whatever they say; words shrink before they are cut."""
        self.ensurePolished()
        room = QSize(self.width() - 2 * EDGE_PX, self.height() - 2 * EDGE_PX)
        icon_px = max(LEAST_ICON_PX, min(self._most_icon_px, round(ICON_SHARE * room.height())))
        self._icon.setFixedSize(QSize(icon_px, icon_px))
        scale = max(1.0, self.font().pixelSize() / BODY_PX)
        rest_px = max(1, room.height() - icon_px)
        most_px = max(self._most_words_px, round(CUE_PX * scale))
        words_px = min(round(WORDS_SHARE * rest_px), round(MOST_LINES * most_px))
        reason_px = min(rest_px - words_px, round(MOST_LINES * LEAD_PX * scale))
        top = EDGE_PX + (rest_px - words_px - reason_px) // 2
        self._icon.move((self.width() - icon_px) // 2, top)
        self._words.setGeometry(EDGE_PX, top + icon_px, room.width(), words_px)
        self._reason.setGeometry(EDGE_PX, top + icon_px + words_px, room.width(), reason_px)
        self._fit_words(self._words, self._words.size(), most_px, LEAST_CUE_PX)
        self._fit_words(self._reason, self._reason.size(), round(LEAD_PX * scale), BODY_PX)

    def _fit_words(self, part: QLabel, room: QSize, most_px: int, least_px: int) -> None:
        font = QFont(part.font())
        size_px = most_px
        while size_px > least_px:
            font.setPixelSize(size_px)
            metrics = QFontMetrics(font)
            widest = max((metrics.horizontalAdvance(word) for word in part.text().split()), default=0)
            wrapped = metrics.boundingRect(0, 0, room.width(), 10_000, int(Qt.TextFlag.TextWordWrap), part.text())
            if widest <= room.width() and wrapped.height() + metrics.descent() <= room.height():  # labels leave a little more
                break
            size_px -= 2
        part.setStyleSheet(f"font-size: {max(size_px, least_px)}px;")

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
        self._fit()
        self.setAccessibleName(f"{words} {reason}".strip())

    def sizeHint(self) -> QSize:
        """As much as it may have."""
        return QSize(340, 400)

    def minimumSizeHint(self) -> QSize:
        """Icon and a short word still fit."""
        return QSize(200, 220)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the text size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()
