"""One button per answer, in an order that never changes, each with its key."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from app.actions import ANSWER_KEYS, ANSWERS
from app.theme import LIGHT, Theme
from app.widgets.cue_card import draw_cue_icon
from app.widgets.press_button import PressButton
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS
from emoasst_core.store.clips import CANT_TELL

ROOM_PX = 50  # edges and gaps beside key, face and word
NUM_ROWS = 4


class AnswerButton(PressButton):
    """Key, face and word."""

    def __init__(self, catalogue: Catalogue, answer: str, word: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        is_emotion = answer in EMOTIONS
        self._catalogue = catalogue
        self._cue = Cue(0.0, CueState.CLEAR, answer) if is_emotion else Cue(0.0, CueState.UNSURE)
        self._key = ANSWER_KEYS[answer]
        self._theme = LIGHT
        self.set_word(word or (catalogue.word(answer).capitalize() if is_emotion else "Can’t tell"))
        self.setProperty("role", "answer")
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_word(self, word: str) -> None:
        """Call the answer this."""
        self._word = word
        self.setAccessibleName(f"{word}, key {self._key}")
        self.setToolTip(f"Answer “{word.lower()}” ({self._key})")
        self.updateGeometry()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Paint with this theme."""
        self._theme = theme
        self.ensurePolished()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for key, face and word."""
        metrics = self.fontMetrics()
        width = round(3 * metrics.height()) + metrics.horizontalAdvance(self._word) + ROOM_PX
        return QSize(width, max(super().sizeHint().height(), metrics.height() + 20))

    def minimumSizeHint(self) -> QSize:
        """Nothing is cut off."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The button of the style sheet, with key, face and word on it."""
        super().paintEvent(_event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, line = self.height() / 2, self.fontMetrics().height()
        key_px, icon_px = 1.35 * line, 1.6 * line
        color = QColor(self._theme.ink if self.isEnabled() else self._theme.ink_soft)
        key = QRectF(10, middle - key_px / 2, key_px, key_px)
        painter.setPen(QPen(color, 1.4))
        painter.drawRoundedRect(key, 6, 6)
        painter.drawText(key, int(Qt.AlignmentFlag.AlignCenter), self._key)
        icon = QRectF(key.right() + 8, middle - icon_px / 2, icon_px, icon_px)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        draw_cue_icon(painter, self._catalogue, self._cue, self._theme, icon)
        painter.setOpacity(1.0)
        words = QRectF(icon.right() + 10, 0, self.width() - icon.right() - 12, self.height())
        painter.setPen(color)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), self._word)
        painter.end()


class AnswerPad(QWidget):
    """All answers, in two columns: 1 to 4 and 5 to 0."""

    answered = Signal(str)

    def __init__(self, catalogue: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.buttons: dict[str, AnswerButton] = {}
        for position, answer in enumerate(ANSWERS):
            button = AnswerButton(catalogue, answer)
            button.clicked.connect(lambda _checked=False, answer=answer: self.answered.emit(answer))
            self.buttons[answer] = button
            layout.addWidget(button, position % NUM_ROWS, position // NUM_ROWS)

    def show_answer(self, answer: str | None, can_answer: bool) -> None:
        """Mark the answer given; with `can_answer` False nothing can be chosen."""
        for name, button in self.buttons.items():
            button.setChecked(name == answer)
            button.setEnabled(can_answer or name == CANT_TELL)
