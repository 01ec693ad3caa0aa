"""The first start: who the adult is, the PIN, the recovery phrase. Three short steps, one thing asked at a time."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.dialogs.phrase_dialog import PhraseDialog
from app.dialogs.pin_dialogs import pin_line, same_pin
from app.people_book import Entry
from app.services import Services
from app.theme import LIGHT, Theme, give_theme
from app.widgets.scroll import fill_with_column
from app.widgets.text import Button, card, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.store.database import Database
from emoasst_core.store.gate import Gate
from emoasst_core.store.keys import Keys
from emoasst_core.store.people import People

CONTENT_PX = 760
MOST_LETTERS = 60
TITLES = {False: "Welcome to EmoAsst", True: "One more thing: a PIN"}
LEADS = {
    False: "Three short steps, then you can begin. Everything stays on this computer.",
    True: "From now on the camera starts only when an adult has typed a PIN. It takes a minute; what you have is kept.",
}
WHO = "The adult starts the camera, says who is here, and looks after what is kept. A child does not need this page."
PIN = "Only you know it. It opens the camera, the people and the settings. Stop never needs it."
PHRASE = (
    "Everything is kept locked on this computer. If it breaks, or if you forget the PIN, these 16 words open it again. They are "
    "shown once: write them on paper, and keep the paper where a child will not find it."
)
NUM_STEPS = 3


class FirstStartPage(QWidget):
    """Nothing is kept before the PIN is; whoever leaves earlier is asked again at the next start."""

    pin_kept = Signal()
    finished = Signal()
    left = Signal()
    archive_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._theme = LIGHT
        self._knows_family = False
        self.news = ""  # what has just happened; said once, above the first step
        self.title, self.lead = label("", "title"), label("", "lead")
        self.message = label("")
        self.name = QLineEdit()
        self.name.setMaxLength(MOST_LETTERS)
        self.name.setAccessibleName("Your name or nickname")
        self.name.setPlaceholderText("Name or nickname")
        self.first, self.second = pin_line("Your PIN"), pin_line("Your PIN again")
        self.step = 0
        self._steps: list[QWidget] = []
        self.main_button = Button("Go on", "main")
        self.back_button = Button("Go back")
        self.later_button = Button("Do this later", "plain")
        self.archive_button = Button("Read in my data from a file", "plain")
        self._lay_out()
        self.archive_button.clicked.connect(self.archive_wanted)
        self.main_button.clicked.connect(self.go_on)
        self.back_button.clicked.connect(lambda: self.show_step(0))
        self.later_button.clicked.connect(self._put_off)
        self.name.returnPressed.connect(self.go_on)
        self.first.returnPressed.connect(self.second.setFocus)
        self.second.returnPressed.connect(self.go_on)

    def enter(self) -> None:
        """Begin with the first step; an adult who is known is offered."""
        for line in (self.name, self.first, self.second):
            line.clear()
        self._greet([])
        self.show_step(0)
        self._services.people.read(self._greet, self._say)

    def leave(self) -> None:
        """Forget what was typed."""
        self.first.clear()
        self.second.clear()

    def set_theme(self, theme: Theme) -> None:
        """The dialog that is opened from here follows it."""
        self._theme = theme

    def go_on(self) -> None:
        """Take what this step asks for."""
        if not self.main_button.isEnabled():
            return
        try:
            (self._take_name, self._take_pin, self._show_words)[self.step]()
        except EmoAsstError as error:
            self._say(error)

    def show_step(self, step: int) -> None:
        """Show one of the three: the name, the PIN, the recovery words."""
        self.step = step
        for number, shown in enumerate(self._steps):
            shown.setVisible(number == step)
        self.message.hide()
        self.main_button.setEnabled(True)
        self.main_button.setText(("Go on", "Keep this PIN", "Show the words")[step])
        self.back_button.setVisible(step == 1)
        self.archive_button.setVisible(step == 0 and not self._knows_family)
        self.later_button.setText("Do this later" if step < 2 else "Do it at the next start")
        (self.name, self.first, self.main_button)[step].setFocus()

    def _take_name(self) -> None:
        if not self.name.text().strip():
            raise EmoAsstError("The adult needs a name here.", "A nickname is enough.")
        self.show_step(1)

    def _take_pin(self) -> None:
        name, pin, path = self.name.text().strip(), same_pin(self.first, self.second), self._services.database_path
        self.main_button.setEnabled(False)
        self._services.background.run(lambda: keep_adult(path, name, pin), self._keep_pin, self._say)

    def _keep_pin(self, needs_phrase: bool) -> None:
        self.leave()
        self.news = ""
        self.pin_kept.emit()
        if needs_phrase:
            self.show_step(2)
        else:
            self.finished.emit()

    def _show_words(self) -> None:
        dialog = PhraseDialog(self._services.background, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.kept.connect(self.finished)
        give_theme(dialog, self._theme)
        dialog.open()

    def _put_off(self) -> None:
        """Before there is a PIN the page is left; with one the words can wait until the next start."""
        if self.step < 2:
            self.left.emit()
        else:
            self.finished.emit()

    def _greet(self, entries: list[Entry]) -> None:
        self._knows_family = bool(entries)
        self.archive_button.setVisible(self.step == 0 and not entries)
        adults = [entry.person.name for entry in entries if entry.person.role == "adult"]
        self.title.setText(TITLES[bool(entries)])
        self.lead.setText(f"{self.news} {LEADS[bool(entries)]}".strip())
        if adults and not self.name.text():
            self.name.setText(adults[0])

    def _say(self, error: EmoAsstError) -> None:
        self.message.setText(str(error))
        self.message.show()
        self.main_button.setEnabled(True)

    def _lay_out(self) -> None:
        for number, (heading, words, lines) in enumerate(
            (
                ("Who is the adult here?", WHO, (self.name,)),
                ("Choose your PIN", PIN, (self.first, self.second)),
                ("Write down the recovery phrase", PHRASE, ()),
            ),
            1,
        ):
            self._steps.append(_step(number, heading, words, lines))
        frame = card()
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(28, 22, 28, 24)
        inside.setSpacing(14)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        for button in (self.main_button, self.back_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for step in self._steps:
            inside.addWidget(step)
        inside.addWidget(self.message)
        inside.addLayout(buttons)
        content = QVBoxLayout()
        content.setSpacing(0)
        content.addWidget(self.title)
        content.addSpacing(4)
        content.addWidget(self.lead)
        content.addSpacing(24)
        content.addWidget(frame)
        content.addSpacing(12)
        for button in (self.later_button, self.archive_button):
            content.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        content.addStretch(1)
        fill_with_column(self, content, CONTENT_PX, top_px=56)  # from the top: the title stays where it is from step to step


def keep_adult(path: Path, name: str, pin: str) -> bool:
    """Enter the adult, unless known by that name, and keep the PIN: both or neither.

    Returns:
        Whether the recovery phrase has still to be written down.

    Raises:
        GateError: the PIN is no PIN, or there is one already.
        StoreError: the database cannot be written.
    """
    with Database(path) as database:
        with database.writing():
            people = People(database)
            if name.casefold() not in {one.name.casefold() for one in people.all() if one.role == "adult"}:
                people.add(name, "adult")
            Gate(database).set_pin(pin)
        return Keys(path.parent).needs_phrase


def _step(number: int, heading: str, words: str, lines: tuple[QLineEdit, ...]) -> QWidget:
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(label(f"Step {number} of {NUM_STEPS}", "soft"))
    layout.addWidget(label(heading, "heading"))
    layout.addWidget(label(words))
    for line in lines:
        caption = label(line.accessibleName(), "soft")
        caption.setBuddy(line)
        layout.addSpacing(4)
        layout.addWidget(caption)
        layout.addWidget(line)
    return made
