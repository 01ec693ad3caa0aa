"""Before the camera: where this is, which devices, who is here, what each of them agreed to, and what is kept."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.devices import Devices, DeviceWatch
from app.pages.set_up_layout import consent_card, keep_card, page_column, place_card
from app.people_book import Entry
from app.picture_taker import PictureTaker
from app.services import Services
from app.set_up_plan import ANNOUNCEMENT, CLIPS, EU_REASON, LIVE, PLACES, RECORD, Present, may_keep, missing, plan_of
from app.theme import LIGHT, Theme, give_theme
from app.widgets.device_card import DeviceCard
from app.widgets.form import Choice, Tick
from app.widgets.notice import Notice
from app.widgets.person_row import PersonRow
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.store.people import Person

MAX_NEW = 4
AGREE = "Recording and clips need the agreement of everyone who is here."
CLIPS_ONLY = "Only a few seconds around unclear moments are kept, to ask about. Everything else is gone when you stop."


class SetUpPage(QWidget):
    """Nothing is switched on before everyone here is named and has agreed."""

    start_wanted = Signal(object, object, object)
    back_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._theme = LIGHT
        self._people = services.people
        self.taker = PictureTaker(services, self)
        self._watch = DeviceWatch(services.background, self)
        self.place_box = Choice()
        self.place_box.addItem("Please choose", "")
        for name, text in PLACES.items():
            self.place_box.addItem(text, name)
        self.place_note = label(EU_REASON)
        self.devices = DeviceCard()
        self.notice = Notice()
        self.persons: list[PersonRow] = []
        self.rows = QVBoxLayout()
        self.rows.setSpacing(10)
        self.add_button = Button("Add someone new", "plain")
        self.record_tick = Tick("Record the whole conversation")
        self.clips_tick = Tick("Keep short clips to ask about")
        self.keep_note = label("", "soft")
        self.start_button = Button("Start", "main", "play")
        self.why = label("", "soft")
        self._lay_out()
        self._connect()

    def enter(self) -> None:
        """Look for devices and people anew; who is here and what they agree to is asked anew each time."""
        choices = self._services.preferences.choices
        self.place_box.setCurrentIndex(max(0, self.place_box.findData(choices.place)))
        self.record_tick.setChecked(False)
        self.clips_tick.setChecked(False)
        self.notice.hide()
        self.devices.look(choices.camera_id, choices.microphone_id)
        self._watch.start()
        for row in self.persons:
            row.ask_again()
        self._show_people([])
        self._people.read(self._show_people, self._say)
        self._check()
        self.place_box.setFocus()

    def leave(self) -> None:
        """Switch the trial off; look no more."""
        self._watch.stop()
        self.devices.stop()

    def set_theme(self, theme: Theme) -> None:
        """Rows that are added later follow it."""
        self._theme = theme

    @property
    def present(self) -> list[Present]:
        """Who is here, with today's agreements."""
        return [one for row in self.persons if (one := row.present) is not None]

    def add_new(self) -> PersonRow:
        """Offer a row for one more person."""
        row = self._add_row(PersonRow())
        row.here.setChecked(True)
        row.name.setFocus()
        return row

    def _show_people(self, entries: list[Entry]) -> None:
        if not entries and self.persons and all(row.person is None for row in self.persons):
            return  # nobody is known yet; what was typed meanwhile stays
        for row in self.persons:
            self.rows.removeWidget(row)
            row.hide()  # it lives until the next turn of the event loop
            row.deleteLater()
        self.persons = []
        for entry in entries:
            self._add_row(PersonRow(entry.person, entry.consents, bool(entry.thumbnails)))
        if not entries:
            self._add_row(PersonRow())
        self._check()

    def _add_row(self, row: PersonRow) -> PersonRow:
        row.changed.connect(self._check)
        row.picture_wanted.connect(lambda: self._want_picture(row))
        self.persons.append(row)
        self.rows.addWidget(row)
        give_theme(row, self._theme)
        self.add_button.setVisible(sum(row.person is None for row in self.persons) < MAX_NEW)
        self._order_focus()
        self._check()
        return row

    def _order_focus(self) -> None:
        """Tab goes down the page: rows came later than the button below them."""
        chain = [self.place_box, *(part for row in self.persons for part in row.in_order), self.add_button]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _want_picture(self, row: PersonRow) -> None:
        """Take a picture of somebody who agreed; a new person is entered first."""
        self.devices.stop()
        if row.person is not None:
            self.taker.take(row.person, self._theme)
            return
        present = row.present
        if present is None or not present.name:
            self._say(EmoAsstError("Someone new needs a name first.", "Type a name or nickname."))
            return

        def enter(person: Person) -> None:
            row.become(person)
            self.taker.take(person, self._theme)

        self._people.change(lambda people: people.add(present.name, present.role), enter, self._say)

    def _row_of(self, person_id: str) -> PersonRow | None:
        return next((row for row in self.persons if row.person is not None and row.person.person_id == person_id), None)

    def _show_reading(self, person_id: str) -> None:
        if (row := self._row_of(person_id)) is not None:
            row.show_reading(True)

    def _know_face(self, person_id: str) -> None:
        if (row := self._row_of(person_id)) is not None:
            row.show_face(True)

    def _refuse_picture(self, person_id: str, error: EmoAsstError) -> None:
        if (row := self._row_of(person_id)) is not None:
            row.show_reading(False)
        self._say(error)

    def _show_devices(self, devices: Devices) -> None:
        self.devices.show_devices(devices)
        if devices.troubles:
            self._say(EmoAsstError(*devices.troubles[0]))
        elif not devices.cameras and not devices.microphones:
            self._say(EmoAsstError("No camera and no microphone were found.", "Plug one in; it will be listed here by itself."))
        else:
            self.notice.hide()

    def _say(self, error: EmoAsstError) -> None:
        self.notice.say(error.message, error.next_step, main="Close this message")

    def _check(self) -> None:
        present = self.present
        has_device = self.devices.camera_id is not None or self.devices.microphone_id is not None
        place = str(self.place_box.currentData())
        lacking = missing(place, has_device, present)
        self.place_note.setVisible(place == "eu")
        for tick, kind in ((self.record_tick, RECORD), (self.clips_tick, CLIPS)):
            tick.setEnabled(may_keep(present, kind))
            if not tick.isEnabled():
                tick.setChecked(False)
        note = CLIPS_ONLY if self.clips_tick.isChecked() else AGREE
        self.keep_note.setText(ANNOUNCEMENT if self.record_tick.isChecked() else note)
        self.devices.allow_trial(any(LIVE in one.consents for one in present) and place != "eu")
        self.why.setText(lacking)
        self.start_button.setEnabled(not lacking)

    def _start(self) -> None:
        if not self.start_button.isEnabled():
            return
        self.start_button.setEnabled(False)
        self._services.preferences.change(
            place=self.place_box.currentData(),
            camera_id=self.devices.camera_id or "",
            microphone_id=self.devices.microphone_id or "",
        )
        self._people.keep_present(self.present, self._begin, self._say)

    def _begin(self, present: list[Present]) -> None:
        plan = plan_of(present, self.record_tick.isChecked(), self.clips_tick.isChecked())
        self.devices.stop(waits=True)
        self.start_wanted.emit(self.devices.camera_id, self.devices.microphone_id, plan)

    def _connect(self) -> None:
        self._watch.changed.connect(self._show_devices)
        self._watch.failed.connect(self._say)
        self.devices.changed.connect(self._check)
        self.devices.failed.connect(lambda message, next_step: self._say(EmoAsstError(message, next_step)))
        self.notice.main_chosen.connect(self.notice.hide)
        self.place_box.currentIndexChanged.connect(self._check)
        self.record_tick.toggled.connect(self._check)
        self.clips_tick.toggled.connect(self._check)
        self.add_button.clicked.connect(self.add_new)
        self.start_button.clicked.connect(self._start)
        self.taker.began.connect(self._show_reading)
        self.taker.added.connect(self._know_face)
        self.taker.failed.connect(self._refuse_picture)

    def _lay_out(self) -> None:
        back = Button("Back", "plain", "back")
        back.clicked.connect(self.back_wanted)
        self.start_button.setMinimumWidth(180)
        bottom = QHBoxLayout()
        bottom.setSpacing(20)
        bottom.addWidget(self.start_button)
        bottom.addWidget(self.why, 1)
        cards = (
            place_card(self.place_box, self.place_note),
            consent_card(self.rows, self.add_button),
            self.devices,
            keep_card(self.record_tick, self.clips_tick, self.keep_note),
        )
        page_column(self, back, self.notice, cards, bottom)
