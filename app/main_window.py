"""The window: one page at a time, and how one gets from page to page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QStackedWidget, QWidget

from app.actions import add_actions
from app.catching_up import CatchingUp
from app.child_window import ChildWindow
from app.diagnostics import LogTail
from app.gate_keeper import GateKeeper
from app.leavable import Leavable
from app.pages.answer_page import AnswerPage
from app.pages.diagnostics_page import DiagnosticsPage
from app.pages.first_start_page import FirstStartPage
from app.pages.live_page import LivePage
from app.pages.people_page import PeoplePage
from app.pages.practice_page import PracticePage
from app.pages.restore_page import RestorePage
from app.pages.review_page import ReviewPage
from app.pages.set_up_page import SetUpPage
from app.pages.start_page import StartPage
from app.pages.trends_page import TrendsPage
from app.preferences import Choices
from app.services import Services
from app.start_flow import StartFlow
from app.theme import DARK, LIGHT, THEMES, Theme, apply_theme, give_theme
from app.window_dialogs import WindowDialogs
from emoasst_core.errors import EmoAsstError
from emoasst_core.paths import demo_recording
from emoasst_core.session.plan import SessionPlan

MEDIA_FILTER = (
    "Recordings (*.mp4 *.mkv *.mov *.avi *.webm *.m4v *.mpg *.mpeg *.wav *.mp3 *.flac *.ogg *.m4a *.aac);;All files (*)"
)


class MainWindow(QMainWindow):
    """Holds the pages; knows nothing of what they do.

    Args:
        services: what the pages may ask for.
        log: the last lines of the log.
        recording: played at once, after the PIN where there is one.
    """

    def __init__(self, services: Services, log: LogTail, recording: Path | None = None) -> None:
        super().__init__()
        self._services = services
        self.setWindowTitle("EmoAsst")
        self.resize(1180, 780)
        self.keeper = GateKeeper(services.background, services.database_path, self)
        self.dialogs = WindowDialogs(services, self)
        self.start_page = StartPage(services)
        self.first_page = FirstStartPage(services)
        self.catching_up = CatchingUp(services, self.start_page.strip, parent=self)
        self.set_up_page = SetUpPage(services)
        self.live_page = LivePage(services)
        self.review_page = ReviewPage(services)
        self.answer_page = AnswerPage(services)
        self.people_page = PeoplePage(services)
        self.diagnostics_page = DiagnosticsPage(services, log)
        self.restore_page = RestorePage(services)
        self.child_window = ChildWindow(services.catalogue)
        self.practice_page = PracticePage(services)
        self.trends_page = TrendsPage(services)
        self.pages = QStackedWidget()
        early = (self.start_page, self.first_page, self.set_up_page, self.live_page, self.people_page, self.diagnostics_page)
        late = (self.review_page, self.answer_page, self.practice_page, self.trends_page, self.restore_page)
        for page in (*early, *late):
            self.pages.addWidget(page)
        self.setCentralWidget(self.pages)
        self._beside = (self.people_page, self.diagnostics_page, self.first_page)  # a session that runs goes on behind them
        self._hints = QGuiApplication.styleHints()  # kept: a chained call would be deleted at once
        self.start_flow = StartFlow(services, self, recording)
        self._connect()
        self.show_theme(services.preferences.choices)
        self.show_page(self.start_page)
        self.start_flow.look_at_data()

    def go_home(self) -> None:
        """Show the start page, or the session that still runs behind another page."""
        if self.live_page.is_busy and self.pages.currentWidget() in self._beside:
            self.show_page(self.live_page)
            return
        self.show_page(self.start_page)
        self.start_page.enter(self.keeper.is_open, self.keeper.has_pin)
        self.catching_up.look()

    def open_recording(self, path: Path) -> None:
        """Play a recording through the analysis."""
        self._services.preferences.change(last_folder=str(path.parent))
        self._play(path)

    def open_example(self) -> None:
        """Play the conversation that comes with the program: an actor that is drawn, nobody's family."""
        self._play(demo_recording())

    def _play(self, path: Path) -> None:
        try:
            self._services.runner.start_recording(path)
        except EmoAsstError as error:
            self.start_page.say(error)
            return
        self.show_page(self.live_page)
        self.live_page.enter_recording(path, self._services.people.names)

    def ask_for_recording(self) -> None:
        """Let somebody choose a recording."""
        folder = self._services.preferences.choices.last_folder
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a recording", folder, MEDIA_FILTER)
        if chosen:
            self.open_recording(Path(chosen))

    def set_up_camera(self) -> None:
        """Show the page before the camera."""
        self.show_page(self.set_up_page)
        self.set_up_page.enter()

    def start_live(self, camera_id: str | None, microphone_id: str | None, plan: SessionPlan) -> None:
        """Begin a live session with what those present agreed to."""
        try:
            self._services.runner.start_live(camera_id, microphone_id, plan)
        except EmoAsstError as error:
            self.go_home()
            self.start_page.say(error)
            return
        self.show_page(self.live_page)
        self.live_page.enter_live(camera_id is not None, microphone_id is not None, plan, self._services.people.names)

    def open_session(self, session_id: str) -> None:
        """Show a session in the review."""
        self.show_page(self.review_page)
        self.review_page.open(session_id)

    def open_answers(self, session_id: str) -> None:
        """Ask about the unclear moments of a session."""
        self.show_page(self.answer_page)
        self.answer_page.open(session_id)

    def open_people(self) -> None:
        """Show who is known; a session that runs goes on behind it."""
        self.show_page(self.people_page)
        self.people_page.enter()

    def open_diagnostics(self) -> None:
        """Show how the program stands; a session that runs goes on behind it."""
        self.show_page(self.diagnostics_page)
        self.diagnostics_page.enter()

    def open_practice(self) -> None:
        """Show the family's clips to guess; the child may use it, so no PIN is asked for."""
        self.show_page(self.practice_page)
        self.practice_page.enter()

    def open_trends(self) -> None:
        """Show all sessions over time."""
        self.show_page(self.trends_page)
        self.trends_page.enter()

    def adult_only(self, then: Callable[[], None]) -> None:
        """Go on where the adult's part is open; else ask for the PIN first."""
        self.keeper.adult_only(then)

    def _session_saved(self, session_id: str) -> None:
        """Go to the review, or, where there is a PIN, lock and offer it."""
        if not self.keeper.has_pin:
            self._look_back(session_id)
            return
        self.keeper.session_over()
        self.go_home()
        self.start_page.offer(
            "The session is saved.", "", "Look at it", lambda: self.adult_only(lambda: self._look_back(session_id))
        )

    def _look_back(self, session_id: str) -> None:
        """After a live session its unclear moments are asked about; a recording is looked at first."""
        if self.live_page.was_live:
            self.open_answers(session_id)
        else:
            self.open_session(session_id)

    def _locked(self, reason: str) -> None:
        """The adult's part is shut; a session that runs goes on."""
        if self.pages.currentWidget() is self.live_page and self.live_page.is_busy:
            return
        self.go_home()
        self.start_page.offer(reason, "", "Type the PIN", lambda: self.adult_only(self.go_home))

    def show_theme(self, choices: Choices) -> None:
        """Follow the choices of colours and text size."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self.theme = self._chosen_theme(choices.theme)
        apply_theme(application, self, self.theme, choices.text_scale)
        give_theme(self.child_window, self.theme)
        self.child_window.follow(choices)
        self.keeper.follow(choices)
        self._services.runner.options = choices.options

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs; the application saves it after the window is gone."""
        self.set_up_page.leave()
        self.live_page.leave()
        self.review_page.leave()
        self.answer_page.leave()
        self.diagnostics_page.leave()
        self.child_window.hide()
        self.practice_page.leave()
        event.accept()

    def _chosen_theme(self, name: str) -> Theme:
        if name in THEMES:
            return THEMES[name]
        return DARK if self._hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT

    def show_page(self, page: QWidget) -> None:
        """Leave the page that is shown for another one."""
        before = self.pages.currentWidget()
        stays = before is self.live_page and page in self._beside
        if before is not page and not stays and isinstance(before, Leavable):
            before.leave()
        self.pages.setCurrentWidget(page)

    def _connect(self) -> None:
        self.catching_up.done.connect(self.start_page.refresh)
        services = self._services
        guarded = partial(partial, self.adult_only)
        self._go: dict[str, Callable[[], None]] = {
            "people": partial(self.keeper.with_pin, self.open_people),  # pictures are taken there
            "diagnostics": self.open_diagnostics,
            "settings": guarded(self.dialogs.settings),
            "show_keys": self.dialogs.keys,
            "practice": self.open_practice,
            "trends": guarded(self.open_trends),
            "lock": self.keeper.lock,
        }
        self.start_page.recording_wanted.connect(guarded(self.ask_for_recording))
        self.start_page.camera_wanted.connect(partial(self.keeper.with_pin, self.set_up_camera))
        self.start_page.example_wanted.connect(guarded(self.open_example))
        self.start_page.all_wanted.connect(guarded(self.start_page.show_all))
        self.start_page.session_wanted.connect(lambda name: self.adult_only(lambda: self.open_session(name)))
        self.start_page.wanted.connect(lambda name: self._go[name]())
        self.set_up_page.back_wanted.connect(self.go_home)
        self.set_up_page.start_wanted.connect(lambda *wanted: self.keeper.with_pin(partial(self.start_live, *wanted)))
        self.live_page.saved.connect(self._session_saved)
        self.live_page.left.connect(self.go_home)
        self.live_page.consent_wanted.connect(self.dialogs.take_back)
        self.live_page.signs_changed.connect(self.child_window.show_signs)
        self.live_page.device_wanted.connect(self.dialogs.switch)
        self.people_page.left.connect(self.go_home)
        self.diagnostics_page.left.connect(self.go_home)
        self.review_page.left.connect(self.go_home)
        self.review_page.answers_wanted.connect(self.open_answers)
        self.answer_page.left.connect(self.go_home)
        self.answer_page.session_wanted.connect(self.open_session)
        self.practice_page.left.connect(self.go_home)
        self.practice_page.scores_wanted.connect(lambda keeps: self.adult_only(lambda: self.practice_page.keep_scores(keeps)))
        self.trends_page.left.connect(self.go_home)
        self.trends_page.session_wanted.connect(self.open_session)
        self.restore_page.restored.connect(self.start_flow.look_at_data)
        self.keeper.locked.connect(self._locked)
        self.keeper.opened.connect(self.start_page.unlock)
        services.bridge.event_told.connect(self.live_page.take)
        services.bridge.frame_seen.connect(self.live_page.show_frame)
        services.bridge.event_told.connect(self.child_window.take)
        services.bridge.event_told.connect(self.diagnostics_page.latencies.take)
        services.bridge.frame_seen.connect(self.diagnostics_page.latencies.see)
        self.child_window.closed.connect(lambda: services.preferences.change(child_screen=""))
        services.preferences.changed.connect(self.show_theme)
        self._hints.colorSchemeChanged.connect(lambda: self.show_theme(services.preferences.choices))
        self.actions_by_name = add_actions(self, "any", self._go)
