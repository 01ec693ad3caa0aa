"""One person on the people page: name, agreements, pictures, answers, and how to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.people_book import Entry
from app.set_up_plan import CHILD, CONSENT_TEXT, CONSENT_TIP, CONSENTS, LIVE
from app.widgets.flow import FlowLayout
from app.widgets.form import Tick
from app.widgets.person_row import NEVER_READ, ROLE_TEXT
from app.widgets.text import Button, card, label
from emoasst_core.store.people import Person

PICTURE_PX = 72
MAX_SHOWN = 6
NO_PICTURE = "No picture yet: three or four, from the front and a little from the side, are enough."
NO_ANSWERS = "No answers about this person yet."
FORGET = (
    "This removes for good, from this computer: the name, all agreements, pictures and face data, every reading and every word "
    "of this person, clips, answers, and what was learned from them. Cues for others stay. It cannot be undone. "
    "Backups that were made earlier still hold them: delete those too."
)


class PersonCard(QFrame):
    """Says what somebody wants changed; changes nothing itself."""

    agreement_changed = Signal(str, bool)
    rename_wanted = Signal(str)
    file_wanted = Signal()
    camera_wanted = Signal()
    forget_wanted = Signal()

    def __init__(self, entry: Entry, summary: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.person = entry.person
        self.name = QLineEdit(entry.person.name)
        self.name.setAccessibleName(f"Name of {entry.person.name}")
        self.rename_button = Button("Keep this name", "plain")
        self.ticks: Mapping[str, Tick] = {
            kind: Tick(CONSENT_TEXT[kind]) for kind in CONSENTS if kind != LIVE or entry.person.role != CHILD
        }
        self.file_button = Button("Add a picture from a file", "quiet", "folder")
        self.camera_button = Button("Take a picture", "quiet", "camera")
        self.forget_button = Button("Forget this person", "plain")
        self.sure_button = Button(f"Forget {entry.person.name} for good")
        self.keep_button = Button("Keep them", "main")
        self.doing = label("", "soft")
        self._lay_out(entry, summary)
        self._connect(entry)

    def show_consents(self, kinds: frozenset[str]) -> None:
        """Show what is agreed to now, without asking for a change."""
        for kind, tick in self.ticks.items():
            with QSignalBlocker(tick):
                tick.setChecked(kind in kinds)

    def say(self, words: str) -> None:
        """Say what goes on; buttons rest meanwhile."""
        self.doing.setText(words)
        self.doing.setVisible(bool(words))
        for button in (self.file_button, self.camera_button):
            button.setEnabled(not words)

    def ask_forget(self, asks: bool) -> None:
        """Say plainly what goes, and ask once more."""
        self._forgetting.setVisible(asks)
        self.forget_button.setVisible(not asks)
        (self.keep_button if asks else self.forget_button).setFocus()

    def _connect(self, entry: Entry) -> None:
        for kind, tick in self.ticks.items():
            tick.setToolTip(CONSENT_TIP[kind])
            tick.setChecked(kind in entry.consents)
            tick.toggled.connect(lambda agrees, kind=kind: self.agreement_changed.emit(kind, agrees))
        self.name.textChanged.connect(self._offer_rename)
        self.name.returnPressed.connect(self._rename)
        self.rename_button.clicked.connect(self._rename)
        self.file_button.clicked.connect(self.file_wanted)
        self.camera_button.clicked.connect(self.camera_wanted)
        self.forget_button.clicked.connect(lambda: self.ask_forget(True))
        self.keep_button.clicked.connect(lambda: self.ask_forget(False))
        self.sure_button.clicked.connect(self.forget_wanted)

    def _offer_rename(self) -> None:
        name = self.name.text().strip()
        self.rename_button.setVisible(bool(name) and name != self.person.name)

    def _rename(self) -> None:
        if not self.rename_button.isHidden():
            self.rename_wanted.emit(self.name.text().strip())

    def _lay_out(self, entry: Entry, summary: str) -> None:
        is_child = entry.person.role == CHILD
        naming = QHBoxLayout()
        naming.addWidget(self.name, 1)
        naming.addWidget(self.rename_button)
        self.rename_button.hide()
        agreements, pictures, buttons = QWidget(), QWidget(), QWidget()
        for part, row, gap_px in (
            (agreements, list(self.ticks.values()), 20),
            (pictures, [_picture(jpeg, entry.person) for jpeg in entry.thumbnails[:MAX_SHOWN]], 8),
            (buttons, [] if is_child else [self.file_button, self.camera_button], 12),
        ):
            flow = FlowLayout(part, gap_px=gap_px)
            for widget in row:
                flow.addWidget(widget)
        self._forgetting = card("notice")
        asking = QVBoxLayout(self._forgetting)
        asking.setContentsMargins(18, 14, 18, 14)
        asking.addWidget(label(FORGET))
        answers = QWidget()
        answer_row = FlowLayout(answers, gap_px=12)
        answer_row.addWidget(self.keep_button)
        answer_row.addWidget(self.sure_button)
        asking.addWidget(answers)
        self._forgetting.hide()
        self.doing.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 18, 24, 18)
        layout.setSpacing(10)
        layout.addLayout(naming)
        layout.addWidget(label(f"{ROLE_TEXT[entry.person.role]}. {NEVER_READ if is_child else summary or NO_ANSWERS}", "soft"))
        layout.addWidget(agreements)
        if entry.thumbnails:
            layout.addWidget(pictures)
        elif not is_child:
            layout.addWidget(label(NO_PICTURE, "soft"))
        if not is_child:
            layout.addWidget(buttons)
        layout.addWidget(self.doing)
        layout.addWidget(self.forget_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._forgetting)


def _picture(jpeg: bytes, person: Person) -> QLabel:
    pixmap = QPixmap()
    pixmap.loadFromData(jpeg)
    shown = QLabel()
    shown.setFixedSize(PICTURE_PX, PICTURE_PX)
    shown.setAccessibleName(f"A picture of {person.name}")
    if not pixmap.isNull():
        filled = pixmap.scaled(
            PICTURE_PX, PICTURE_PX, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        )
        shown.setPixmap(filled)
    return shown
