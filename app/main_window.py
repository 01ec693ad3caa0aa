"""The window: one page at a time, and how one gets from page to page."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QStackedWidget, QWidget

from app.actions import add_actions
from app.dialogs.keys_dialog import KeysDialog
from app.dialogs.settings_dialog import SettingsDialog
from app.pages.answer_page import AnswerPage
from app.pages.camera_page import CameraPage
from app.pages.live_page import LivePage
from app.pages.review_page import ReviewPage
from app.pages.start_page import StartPage
from app.preferences import Choices
from app.services import Services
from app.theme import DARK, LIGHT, THEMES, Theme, apply_theme
from emoasst_core.errors import EmoAsstError

MEDIA_FILTER = (
    "Recordings (*.mp4 *.mkv *.mov *.avi *.webm *.m4v *.mpg *.mpeg *.wav *.mp3 *.flac *.ogg *.m4a *.aac);;All files (*)"
)


class MainWindow(QMainWindow):
    """Holds the pages; knows nothing of what they do."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.setWindowTitle("EmoAsst")
        self.resize(1180, 780)
        self.start_page = StartPage(services)
        self.camera_page = CameraPage(services)
        self.live_page = LivePage(services)
        self.review_page = ReviewPage(services)
        self.answer_page = AnswerPage(services)
        self.pages = QStackedWidget()
        for page in (self.start_page, self.camera_page, self.live_page, self.review_page, self.answer_page):
            self.pages.addWidget(page)
        self.setCentralWidget(self.pages)
        self._hints = QGuiApplication.styleHints()  # kept: a chained call would be deleted at once
        self._connect()
        self.show_theme(services.preferences.choices)
        self.go_home()

    def go_home(self) -> None:
        """Show the start page."""
        self._show(self.start_page)
        self.start_page.enter()

    def open_recording(self, path: Path) -> None:
        """Play a recording through the analysis."""
        self._services.preferences.change(last_folder=str(path.parent))
        try:
            self._services.runner.start_recording(path)
        except EmoAsstError as error:
            self.start_page.say(error)
            return
        self._show(self.live_page)
        self.live_page.enter_recording(path)

    def ask_for_recording(self) -> None:
        """Let somebody choose a recording."""
        folder = self._services.preferences.choices.last_folder
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a recording", folder, MEDIA_FILTER)
        if chosen:
            self.open_recording(Path(chosen))

    def set_up_camera(self) -> None:
        """Show the page before the camera."""
        self._show(self.camera_page)
        self.camera_page.enter()

    def start_live(self, camera_id: str | None, microphone_id: str | None) -> None:
        """Begin a live session."""
        try:
            self._services.runner.start_live(camera_id, microphone_id)
        except EmoAsstError as error:
            self.start_page.say(error)
            self.go_home()
            return
        self._show(self.live_page)
        self.live_page.enter_live(camera_id is not None, microphone_id is not None)

    def open_session(self, session_id: str) -> None:
        """Show a session in the review."""
        self._show(self.review_page)
        self.review_page.open(session_id)

    def open_answers(self, session_id: str) -> None:
        """Ask about the unclear moments of a session."""
        self._show(self.answer_page)
        self.answer_page.open(session_id)

    def show_theme(self, choices: Choices) -> None:
        """Follow the choices of colours and text size."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self.theme = self._chosen_theme(choices.theme)
        apply_theme(application, self, self.theme, choices.text_scale)
        self._services.runner.options = choices.options

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs; the application saves it after the window is gone."""
        self.live_page.leave()
        self.review_page.leave()
        self.answer_page.leave()
        event.accept()

    def _chosen_theme(self, name: str) -> Theme:
        if name in THEMES:
            return THEMES[name]
        return DARK if self._hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT

    def _show(self, page: QWidget) -> None:
        before = self.pages.currentWidget()
        if before is not page and before in (self.live_page, self.review_page, self.answer_page):
            before.leave()
        self.pages.setCurrentWidget(page)

    def _show_settings(self) -> None:
        dialog = SettingsDialog(self._services.preferences, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _show_keys(self) -> None:
        dialog = KeysDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _connect(self) -> None:
        services = self._services
        self.start_page.recording_wanted.connect(self.ask_for_recording)
        self.start_page.camera_wanted.connect(self.set_up_camera)
        self.start_page.session_wanted.connect(self.open_session)
        self.start_page.settings_wanted.connect(self._show_settings)
        self.start_page.keys_wanted.connect(self._show_keys)
        self.camera_page.back_wanted.connect(self.go_home)
        self.camera_page.start_wanted.connect(self.start_live)
        self.live_page.saved.connect(self.open_session)
        self.live_page.left.connect(self.go_home)
        self.review_page.left.connect(self.go_home)
        self.review_page.answers_wanted.connect(self.open_answers)
        self.answer_page.left.connect(self.go_home)
        self.answer_page.session_wanted.connect(self.open_session)
        services.bridge.event_told.connect(self.live_page.take)
        services.bridge.frame_seen.connect(self.live_page.show_frame)
        services.preferences.changed.connect(self.show_theme)
        self._hints.colorSchemeChanged.connect(lambda: self.show_theme(services.preferences.choices))
        self.actions_by_name = add_actions(self, "any", {"settings": self._show_settings, "show_keys": self._show_keys})
