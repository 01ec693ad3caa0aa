"""The people page: who is known, what each agreed to, how often cues about them were right, and forgetting them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.people_book import Entry
from app.picture_taker import PictureTaker
from app.services import Services
from app.theme import LIGHT, Theme, give_theme
from app.widgets.form import Choice
from app.widgets.notice import Notice
from app.widgets.person_card import PersonCard
from app.widgets.person_row import ROLE_TEXT
from app.widgets.scroll import fill_with_column
from app.widgets.text import Button, card, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.store.deletion import backups_beside, what_backups_keep
from emoasst_core.store.people import People, Person

CONTENT_PX = 820
PICTURES = "Pictures (*.jpg *.jpeg *.png *.webp *.bmp);;All files (*)"
NOBODY = "Nobody is known yet. Who is known by picture gets cues in a room with others, and answers about them help their cues."


class PeoplePage(QWidget):
    """For the adult; behind the PIN where there is one."""

    left = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.taker = PictureTaker(services, self)
        self._theme = LIGHT
        self.cards: dict[str, PersonCard] = {}
        self.notice = Notice()
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name or nickname")
        self.name.setAccessibleName("Name of a new person")
        self.role = Choice()
        for role, text in ROLE_TEXT.items():
            self.role.addItem(text, role)
        self.role.setAccessibleName("Who this is")
        self.add_button = Button("Add this person")
        self._column = QVBoxLayout()
        self._column.setSpacing(14)
        self._nobody = label(NOBODY, "soft")
        self._lay_out()
        self.add_button.clicked.connect(self._add)
        self.name.returnPressed.connect(self._add)
        self.notice.main_chosen.connect(self.notice.hide)
        self.taker.began.connect(lambda person_id: self._show_taking(person_id, "Looking for the face …"))
        self.taker.added.connect(self._read)
        self.taker.failed.connect(self._refuse_picture)

    def enter(self) -> None:
        """Read everybody anew."""
        self.notice.hide()
        self._read()

    def set_theme(self, theme: Theme) -> None:
        """Cards that are made later follow it."""
        self._theme = theme

    def _read(self) -> None:
        self._services.people.read_with_figures(lambda found: self._show(*found), self._say)

    def _show(self, entries: list[Entry], figures: dict[str, str]) -> None:
        for old in self.cards.values():
            self._column.removeWidget(old)
            old.hide()  # it lives until the next turn of the event loop
            old.deleteLater()
        self.cards = {}
        self._nobody.setVisible(not entries)
        for entry in entries:
            person = entry.person
            made = PersonCard(entry, figures.get(person.person_id, ""))
            made.agreement_changed.connect(lambda kind, agrees, person=person: self._agree(person, kind, agrees))
            made.rename_wanted.connect(lambda name, person=person: self._change("rename", person.person_id, name))
            made.file_wanted.connect(lambda person=person: self._choose_file(person))
            made.camera_wanted.connect(lambda person=person: self.take_picture(person))
            made.forget_wanted.connect(lambda person=person: self._forget(person.person_id))
            self.cards[person.person_id] = made
            self._column.addWidget(made)
            give_theme(made, self._theme)

    def _agree(self, person: Person, kind: str, agrees: bool) -> None:
        """Keep a new agreement; one that is taken back also holds for a session that runs."""
        if not agrees:
            self._services.runner.withdraw(person.person_id)

        def job(people: People) -> frozenset[str]:
            (people.grant if agrees else people.withdraw)(person.person_id, kind)
            return people.consents(person.person_id)

        def show(kinds: frozenset[str]) -> None:
            if person.person_id in self.cards:
                self.cards[person.person_id].show_consents(kinds)

        self._services.people.change(job, show, self._say)

    def _forget(self, person_id: str) -> None:
        """Remove somebody for good, and say what older copies still hold."""
        self._services.runner.withdraw(person_id)
        path = self._services.database_path

        def job(people: People) -> str:
            people.forget(person_id)
            return what_backups_keep(backups_beside(path))

        def done(left: str) -> None:
            self._read()
            self.notice.say("Deleted for good.", left, main="Close this message")

        self._services.people.change(job, done, self._say)

    def _change(self, what: str, person_id: str, *values: str) -> None:
        self._services.people.change(
            lambda people: getattr(people, what)(person_id, *values), lambda _done: self._read(), self._say
        )

    def _add(self) -> None:
        name, role = self.name.text().strip(), str(self.role.currentData())
        if not name:
            self.name.setFocus()
            return
        self.name.clear()
        self._services.people.change(lambda people: people.add(name, role), lambda _done: self._read(), self._say)

    def _choose_file(self, person: Person) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, f"A picture of {person.name}", "", PICTURES)
        if chosen:
            self.taker.add(person, Path(chosen))

    def take_picture(self, person: Person) -> None:
        """Let the camera take a picture of somebody."""
        self.taker.take(person, self._theme)

    def _show_taking(self, person_id: str, words: str) -> None:
        if person_id in self.cards:
            self.cards[person_id].say(words)

    def _refuse_picture(self, person_id: str, error: EmoAsstError) -> None:
        self._show_taking(person_id, "")
        self._say(error)

    def _say(self, error: EmoAsstError) -> None:
        self.notice.say(error.message, error.next_step, main="Close this message")

    def _lay_out(self) -> None:
        back = Button("Start page", "plain", "back")
        back.clicked.connect(self.left)
        adding = card()
        row = QVBoxLayout(adding)
        row.setContentsMargins(24, 18, 24, 18)
        row.setSpacing(10)
        row.addWidget(label("Add somebody", "heading"))
        naming = QHBoxLayout()
        naming.setSpacing(12)
        naming.addWidget(self.name, 1)
        naming.addWidget(self.add_button)
        row.addWidget(self.role)
        row.addLayout(naming)
        content = QVBoxLayout()
        content.setSpacing(14)
        content.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)
        content.addWidget(label("People", "title"))
        content.addWidget(self.notice)
        content.addWidget(self._nobody)
        content.addLayout(self._column)
        content.addWidget(adding)
        content.addStretch(1)
        fill_with_column(self, content, CONTENT_PX, top_px=24)
