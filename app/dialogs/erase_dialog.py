"""Deleting everything: what goes and what stays, said first; then a word to type, and the PIN where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.dialogs.pin_dialogs import pin_line
from app.services import Services
from app.widgets.text import Button, card, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.store.database import Database
from emoasst_core.store.erasure import Kept, note_erasure, what_is_kept
from emoasst_core.store.gate import Gate

WORD = "delete"
NOT_UNDONE = "It cannot be undone. Nobody can bring it back, not even with the recovery phrase."
STAYS = (
    "Your own films and what you saved in other places stay: files for others, and “all my data”. "
    "The window closes for a moment; then EmoAsst begins again, as at its first start."
)
SAVE_FIRST = "Save all my data first"


class EraseDialog(QDialog):
    """Nothing is deleted here: it is noted that everything is to go, and whoever opened the dialog closes the window.

    Args:
        services: where the data is.
        has_pin: whether the PIN has to be typed.
        why_not: why nothing can be deleted now; "" where it can.

    Attributes:
        agreed: it is noted; everything goes when the window is closed.
        archive_wanted: all data should be saved first.
    """

    agreed = Signal()
    archive_wanted = Signal()

    def __init__(self, services: Services, has_pin: bool, why_not: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self._has_pin, self._why_not = services, has_pin, why_not
        self.goes = label("Looking what is kept …")
        self.word = QLineEdit()
        self.word.setAccessibleName(f"Type the word {WORD}")
        self.pin = pin_line("Your PIN")
        self.message = label("")
        self.keep_button = Button("Keep everything", "main")
        self.save_button = Button(SAVE_FIRST)
        self.erase_button = Button("Delete everything")
        self.content = QVBoxLayout()
        self._lay_out()
        self.word.textChanged.connect(self._check)
        self.pin.textChanged.connect(self._check)
        self.word.returnPressed.connect(self.pin.setFocus if has_pin else self._erase)
        self.pin.returnPressed.connect(self._erase)
        self.erase_button.clicked.connect(self._erase)
        self.keep_button.clicked.connect(self.reject)
        self.save_button.clicked.connect(self._save_first)
        self._check()
        self._say(why_not)
        services.background.run(self._count, self._show_kept, lambda error: self._say(str(error)))
        self.keep_button.setFocus()

    def _count(self) -> Kept:
        path = self._services.database_path
        if not path.exists():
            return Kept(0, 0, 0, 0, 0)
        with Database(path) as database:
            return what_is_kept(database)

    def _show_kept(self, kept: Kept) -> None:
        self.goes.setText("\n".join(f"•  {line}" for line in goes_lines(kept)))
        fit_dialog(self, self.content)

    def _check(self) -> None:
        is_typed = self.word.text().strip().lower() == WORD and (bool(self.pin.text()) or not self._has_pin)
        self.erase_button.setEnabled(is_typed and not self._why_not)

    def _erase(self) -> None:
        if self.erase_button.isEnabled():
            self.erase_button.setEnabled(False)
            job = partial(self._note, self.pin.text())
            self._services.background.run(job, lambda _none: self._done(), self._refuse)

    def _note(self, pin: str) -> None:
        path = self._services.database_path
        if self._has_pin:
            with Database(path) as database:
                Gate(database).check(pin)
        note_erasure(path.parent)

    def _done(self) -> None:
        self.accept()
        self.agreed.emit()

    def _refuse(self, error: EmoAsstError) -> None:
        self.pin.clear()
        self.pin.setFocus()
        self._say(f"{error} Nothing was deleted.")

    def _save_first(self) -> None:
        self.reject()
        self.archive_wanted.emit()

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))
        fit_dialog(self, self.content)

    def _lay_out(self) -> None:
        self.content.setSpacing(10)
        frame = card()
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.addWidget(self.goes)
        for part in (label("This goes from this computer, for good:"), frame, label(NOT_UNDONE, "heading"), label(STAYS, "soft")):
            self.content.addWidget(part)
        self.content.addWidget(label(f"To go on, type the word “{WORD}”", "soft"))
        self.content.addWidget(self.word)
        if self._has_pin:
            self.content.addWidget(label("Your PIN", "soft"))
            self.content.addWidget(self.pin)
        self.content.addWidget(self.message)
        lay_out_dialog(self, "Delete everything?", self.content, (self.keep_button, self.save_button, self.erase_button))


def goes_lines(kept: Kept) -> Sequence[str]:
    """What would go, a line each, in plain words.

    >>> goes_lines(Kept(1, 2, 0, 3, 0))[1]
    '2 sessions, with readings, words and cues'
    """
    recordings, clips = _many(kept.num_recordings, "recording", "recordings"), _many(kept.num_clips, "clip", "clips")
    return (
        f"{_many(kept.num_people, 'person', 'people')}, with names, pictures and agreements",
        f"{_many(kept.num_sessions, 'session', 'sessions')}, with readings, words and cues",
        f"{recordings} of picture and sound, and {clips.lower()}",
        f"{_many(kept.num_answers, 'answer', 'answers')}, and all that was learned from them",
        "The PIN, the recovery phrase, your settings, and the backups on this computer",
    )


def _many(number: int, one: str, more: str) -> str:
    return f"{number or 'No'} {one if number == 1 else more}"
