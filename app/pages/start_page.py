"""The start: three ways to go on, and the sessions of late."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.actions import add_actions
from app.services import Services
from app.widgets.choice_card import ChoiceCard
from app.widgets.flow import FlowLayout
from app.widgets.notice import Notice
from app.widgets.progress_strip import ProgressStrip
from app.widgets.scroll import fill_with_column
from app.widgets.session_list import SessionList
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.paths import demo_recording
from emoasst_core.store.clips import Clips
from emoasst_core.store.database import Database
from emoasst_core.store.deletion import backups_beside, forget_session, what_backups_keep
from emoasst_core.store.sessions import SessionInfo, list_sessions

NUM_RECENT = 4
DELETE_WORDS = (
    "Its picture and sound, readings, words, clips, and the answers given for it are removed from this computer, and what was "
    "learned from them. It cannot be undone."
)
NONE_YET = "None yet. What you open or record will be listed here."
LOCKED = "Locked. The sessions are shown after the PIN."
CONTENT_PX = 980
MORE = {
    "practice": "Practice",
    "trends": "Over time",
    "people": "People",
    "diagnostics": "Diagnostics",
    "settings": "Settings",
    "show_keys": "Keys",
    "lock": "Lock",
}


class StartPage(QWidget):
    """Where the window opens."""

    recording_wanted = Signal()
    camera_wanted = Signal()
    session_wanted = Signal(str)
    all_wanted = Signal()
    example_wanted = Signal()
    wanted = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._shows_all = False
        self._is_open = True
        self.open_card = ChoiceCard("folder", "Open a recording", "A video or sound file on this computer.")
        self.camera_card = ChoiceCard("camera", "Use the camera", "A conversation, here and now.")
        self.past_card = ChoiceCard("clock", "Look at past sessions", "Watch again, and say what was right.")
        self.notice = Notice()
        self.strip = ProgressStrip()
        self.sessions = SessionList()
        self.example_button = Button("Watch an example first", "quiet", "play")
        self._heading = label("Recent sessions", "heading")
        self.more_buttons = {name: Button(text, "plain") for name, text in MORE.items()}
        self._on_notice: Callable[[], None] | None = None
        self._lay_out()
        self.open_card.clicked.connect(self.recording_wanted)
        self.camera_card.clicked.connect(self.camera_wanted)
        self.example_button.clicked.connect(self.example_wanted)
        self.past_card.clicked.connect(self.all_wanted)
        self.sessions.chosen.connect(self.session_wanted)
        self.sessions.delete_wanted.connect(self.ask_delete)
        self.notice.other_chosen.connect(self._keep)
        self.notice.main_chosen.connect(self._close_notice)
        self.actions_by_name = add_actions(
            self,
            "start",
            {
                "open_recording": self.recording_wanted.emit,
                "use_camera": self.camera_wanted.emit,
                "past_sessions": self.all_wanted.emit,
            },
        )
        for name, button in self.more_buttons.items():
            button.clicked.connect(lambda _checked=False, name=name: self.wanted.emit(name))

    def enter(self, is_open: bool = True, has_pin: bool | None = False) -> None:
        """Read the sessions anew; while the adult's part is locked none is shown."""
        self._shows_all = False
        self._is_open = is_open
        self.more_buttons["lock"].setVisible(is_open and bool(has_pin))
        if is_open:
            self._read()
        else:
            self._show(([], {}))
        self.open_card.setFocus()

    def unlock(self) -> None:
        """The PIN was typed, for whatever was wanted: the sessions may be seen, and it can be locked again."""
        was_open, self._is_open = self._is_open, True
        self.more_buttons["lock"].show()
        if not was_open:
            self._read()

    def refresh(self) -> None:
        """Something has come to the sessions: list them again, where they may be seen."""
        if self._is_open:
            self._read()

    def show_all(self) -> None:
        """List every session, not only those of late."""
        self._shows_all = self._is_open = True
        self._read()

    def say(self, error: EmoAsstError) -> None:
        """Show what went wrong."""
        self.notice.say(error.message, error.next_step, main="Close this message")

    def tell(self, message: str) -> None:
        """Show what was done."""
        self.notice.say(message, "", main="Close this message")
        self._read()

    def offer(self, message: str, next_step: str, main: str, then: Callable[[], None], other: str = "") -> None:
        """Say something and offer one thing to do about it; `other` is the button that leaves it."""
        self.notice.say(message, next_step, main=main, other=other)
        self._on_notice = then
        self.notice.main_button.setFocus()  # also reads it out

    def ask_delete(self, session_id: str, name: str) -> None:
        """Say plainly what goes, and ask once more."""
        self.notice.say(f"Delete “{name}” for good?", DELETE_WORDS, main="Delete it", other="Keep it")
        self._on_notice = lambda: self._delete(session_id)
        self.notice.other_button.setFocus()

    def _delete(self, session_id: str) -> None:
        path = self._services.database_path

        def job() -> str:
            with Database(path) as database:
                forget_session(database, session_id)
            return f"Deleted. {what_backups_keep(backups_beside(path))}"

        self._services.background.run(job, self.tell, self.say)

    def _keep(self) -> None:
        self._on_notice = None
        self.notice.hide()

    def _close_notice(self) -> None:
        then, self._on_notice = self._on_notice, None
        self.notice.hide()
        if then is not None:
            then()

    def _read(self) -> None:
        limit = None if self._shows_all else NUM_RECENT
        path = self._services.database_path

        def read() -> tuple[list[SessionInfo], dict[str, int]]:
            if not path.exists():
                return [], {}
            with Database(path) as database:
                return list_sessions(database, limit), Clips(database).num_pending()

        self._services.background.run(read, self._show, self.say)

    def _show(self, found: tuple[list[SessionInfo], dict[str, int]]) -> None:
        infos, waiting = found
        self._heading.setText("All sessions" if self._shows_all else "Recent sessions")
        self.sessions.show_sessions(infos, NONE_YET if self._is_open else LOCKED, waiting)
        self.example_button.setVisible(self._is_open and not infos and demo_recording().exists())
        if self._shows_all and self.sessions.rows:
            self.sessions.rows[0].setFocus()

    def _lay_out(self) -> None:
        more = QWidget()
        row = FlowLayout(more, gap_px=8)
        for button in self.more_buttons.values():
            row.addWidget(button)
        choices = QHBoxLayout()
        choices.setSpacing(20)
        for one in (self.open_card, self.camera_card, self.past_card):
            choices.addWidget(one, 1)
        content = QVBoxLayout()
        content.setSpacing(0)
        content.addStretch(1)
        content.addWidget(label("EmoAsst", "title"))
        content.addSpacing(4)
        content.addWidget(label("Calm hints about how someone may feel. They can be wrong; you know the person.", "lead"))
        content.addSpacing(28)
        content.addWidget(self.notice)
        content.addSpacing(12)
        content.addWidget(self.strip)
        content.addSpacing(12)
        content.addLayout(choices)
        content.addSpacing(14)
        content.addWidget(more)
        content.addSpacing(18)
        content.addWidget(self._heading)
        content.addSpacing(8)
        content.addWidget(self.sessions)
        content.addSpacing(8)
        content.addWidget(self.example_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.example_button.hide()
        content.addStretch(2)
        area = fill_with_column(self, content, CONTENT_PX, top_px=32)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
