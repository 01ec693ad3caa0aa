"""One person on the set-up page: here today or not, and the three agreements, each by itself."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.set_up_plan import CHILD, CONSENT_TEXT, CONSENT_TIP, CONSENTS, LIVE, Present
from app.widgets.flow import FlowLayout
from app.widgets.form import Choice, Tick
from app.widgets.text import Button, label
from emoasst_core.store.people import Person

ROLE_TEXT = {"adult": "An adult", "child": "The child who gets the cues", "other": "Another child or young person"}
NO_FACE = "Not known by picture yet: beside people who are, no cue is shown about this person, and no clip can be kept."
READING = "The picture is being looked at. That takes some seconds."
NEVER_READ = "Never read: cues are about the others."


class PersonRow(QFrame):
    """Somebody known, or (without a `person`) a new one with a name to type.

    Args:
        person: who it is; None for somebody new.
        consents: what this person agreed to before; offered ticked.
        has_face: whether there is a picture to recognise this person by.
    """

    changed = Signal()
    picture_wanted = Signal()

    def __init__(
        self,
        person: Person | None = None,
        consents: frozenset[str] = frozenset(),
        has_face: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "person")
        self.person = person
        self._has_face, self._is_reading = has_face, False
        self.here = Tick(person.name if person is not None else "Someone new")
        self.here.setAccessibleName(f"{self.here.text()} is here")
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name or nickname")
        self.name.setAccessibleName("Name or nickname of someone new")
        self.role = Choice()
        for role, text in ROLE_TEXT.items():
            self.role.addItem(text, role)
        self.role.setAccessibleName("Who this is")
        self.ticks: Mapping[str, Tick] = {kind: Tick(CONSENT_TEXT[kind]) for kind in CONSENTS}
        for kind, tick in self.ticks.items():
            tick.setToolTip(CONSENT_TIP[kind])
            tick.setChecked(kind in consents)
            tick.toggled.connect(self._refresh)
        self.note = label("", "soft")
        self.picture_button = Button("Take a picture", "plain", "camera")
        self.picture_button.clicked.connect(self.picture_wanted)
        self._lay_out()
        self.here.toggled.connect(self._refresh)
        self.name.textChanged.connect(self._refresh)
        self.role.currentIndexChanged.connect(self._refresh)
        self._refresh()

    @property
    def current_role(self) -> str:
        """The role of this person."""
        return self.person.role if self.person is not None else str(self.role.currentData())

    @property
    def present(self) -> Present | None:
        """This person with today's agreements, or None while not here."""
        if not self.here.isChecked():
            return None
        name = self.person.name if self.person is not None else self.name.text().strip()
        kinds = frozenset(kind for kind, tick in self.ticks.items() if tick.isChecked() and tick.isEnabled())
        return Present(self.person.person_id if self.person is not None else "", name, self.current_role, kinds, self._has_face)

    @property
    def in_order(self) -> tuple[QWidget, ...]:
        """What the keyboard can reach, as Tab should go through it."""
        return (self.here, self.name, self.role, *self.ticks.values(), self.picture_button)

    def become(self, person: Person) -> None:
        """A new person has been entered."""
        self.person = person
        self.here.setText(person.name)
        self.here.setAccessibleName(f"{person.name} is here")
        self._refresh()

    def show_face(self, has_face: bool) -> None:
        """Say whether this person is known by picture."""
        self._has_face, self._is_reading = has_face, False
        self._refresh()

    def show_reading(self, is_reading: bool) -> None:
        """Say that a picture of this person is being read; that takes some seconds."""
        self._is_reading = is_reading
        self._refresh()

    def ask_again(self) -> None:
        """Forget who is here; agreements stay offered as before."""
        with QSignalBlocker(self.here):
            self.here.setChecked(False)
        self._refresh()

    def _refresh(self) -> None:
        is_here, is_child = self.here.isChecked(), self.current_role == CHILD
        self._naming.setVisible(is_here and self.person is None)
        self._asking.setVisible(is_here)
        self.ticks[LIVE].setVisible(not is_child)
        self.ticks[LIVE].setEnabled(not is_child)
        needs_face = is_here and not is_child and not self._has_face and self.ticks[LIVE].isChecked()
        unknown = (READING if self._is_reading else NO_FACE) if needs_face else ""
        self.note.setText(NEVER_READ if is_here and is_child else unknown)
        self.note.setVisible(bool(self.note.text()))
        self.picture_button.setVisible(needs_face)
        self.picture_button.setEnabled(not self._is_reading)
        self.changed.emit()

    def _lay_out(self) -> None:
        self._naming = QWidget()
        naming = QHBoxLayout(self._naming)
        naming.setContentsMargins(34, 0, 0, 0)
        naming.setSpacing(12)
        naming.addWidget(self.name, 1)
        naming.addWidget(self.role, 1)
        self._asking = QWidget()
        asking = FlowLayout(self._asking, gap_px=16)
        asking.setContentsMargins(0, 0, 0, 0)
        for tick in self.ticks.values():
            asking.addWidget(tick)
        below = QVBoxLayout()
        below.setContentsMargins(34, 0, 0, 0)
        below.addWidget(self._asking)
        below.addWidget(self.note)
        below.addWidget(self.picture_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.here)
        layout.addWidget(self._naming)
        layout.addLayout(below)
