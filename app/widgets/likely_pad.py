"""The answers to a clip: the three likeliest in class order first, all seven when asked for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from app.actions import ANSWER_KEYS
from app.widgets.answer_pad import AnswerButton
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.emotions import EMOTIONS
from emoasst_core.store.clips import CANT_TELL, SOMETHING_ELSE

WORDS = {CANT_TELL: "Can’t tell", SOMETHING_ELSE: "Something else"}
NONE_OF_THESE = "None of these"


class LikelyPad(QWidget):
    """One button per answer; each has one key that never changes.

    Args:
        with_extras: also offer "Something else" and "Can't tell".
    """

    answered = Signal(str)

    def __init__(self, catalogue: Catalogue, with_extras: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._extras = (SOMETHING_ELSE, CANT_TELL) if with_extras else ()
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.shows_all = False
        self.buttons: dict[str, AnswerButton] = {}
        for answer in ANSWER_KEYS:
            button = AnswerButton(catalogue, answer, WORDS.get(answer, ""))
            button.setCheckable(False)
            button.clicked.connect(lambda _checked=False, answer=answer: self.choose(answer))
            self.buttons[answer] = button
        self.offer(EMOTIONS[:3])

    def offer(self, likeliest: Sequence[str]) -> None:
        """Offer these emotions, "Something else" and "Can't tell"."""
        self.shows_all = len(likeliest) >= len(EMOTIONS)
        self._arrange([*likeliest, *self._extras])

    def choose(self, answer: str) -> None:
        """Take an answer; the first "Something else" only shows the other emotions."""
        if answer == SOMETHING_ELSE and not self.shows_all:
            self.shows_all = True
            self._arrange([*EMOTIONS, *self._extras])
            return
        self.answered.emit(answer)

    def _arrange(self, answers: Sequence[str]) -> None:
        for answer, button in self.buttons.items():
            self._layout.removeWidget(button)
            button.setParent(self)
            button.setVisible(answer in answers)
        other = self.buttons[SOMETHING_ELSE]
        other.set_word(NONE_OF_THESE if self.shows_all else WORDS[SOMETHING_ELSE])
        columns = 2 if self.shows_all else 1
        rows = -(-len(answers) // columns)
        for position, answer in enumerate(answers):
            self._layout.addWidget(self.buttons[answer], position % rows, position // rows)
