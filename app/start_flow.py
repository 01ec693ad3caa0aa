"""What comes before anything else: can the data be read, is there an adult's PIN, did a recording break off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.services import Services
from app.start_check import StartReport, check_at_start, recover_recordings
from emoasst_core.errors import EmoAsstError

if TYPE_CHECKING:
    from app.main_window import MainWindow

NO_PHRASE = "The recovery phrase is not written down yet."
READ_IN = "Your data is here again."
WHY_PHRASE = "If this computer breaks, or the PIN is forgotten, only its 16 words open what is kept."


class StartFlow(QObject):
    """Leads through the start, and to the PIN where there is none.

    Args:
        services: what the pages may ask for.
        window: whose pages are shown.
        recording: played at once, after the PIN where there is one.
    """

    def __init__(self, services: Services, window: MainWindow, recording: Path | None = None) -> None:
        super().__init__(window)
        self._services, self._window, self._recording = services, window, recording
        self._then: Callable[[], None] | None = None
        page = window.first_page
        page.pin_kept.connect(window.keeper.pin_chosen)
        page.finished.connect(self._finish)
        page.left.connect(self._leave)
        page.archive_wanted.connect(window.dialogs.archive)
        window.keeper.choice_wanted.connect(self.ask_for_adult)
        window.keeper.failed.connect(window.start_page.say)

    def tell_outcome(self, outcome: str | EmoAsstError) -> None:
        """Say what came of deleting everything: done, or what is in the way."""
        if isinstance(outcome, EmoAsstError):
            self._window.start_page.say(outcome)
        else:
            self._window.first_page.news = outcome

    def look_at_data(self) -> None:
        """Where the family's data cannot be read, offer what brings it back; else go on."""
        path, choices = self._services.database_path, self._services.preferences.choices
        job = partial(check_at_start, path, choices.clip_days, choices.video_days)
        self._services.background.run(job, self._take_report, self._window.start_page.say)

    def take_archive(self) -> None:
        """A family's data was read in: go on with what is there now."""
        if self._window.pages.currentWidget() is self._window.first_page:
            self._window.first_page.news = READ_IN
            self._window.first_page.enter()
        else:
            self.look_at_data()

    def ask_for_adult(self, then: Callable[[], None] | None = None) -> None:
        """Show the first steps; go on with what was wanted once there is a PIN, else with the set-up."""
        self._then = then
        self._window.show_page(self._window.first_page)
        self._window.first_page.enter()

    def _take_report(self, report: StartReport) -> None:
        window = self._window
        if report.trouble is not None:
            window.show_page(window.restore_page)
            window.restore_page.show_trouble(report.trouble)
            return
        if window.pages.currentWidget() is window.restore_page:
            window.show_page(window.start_page)
        window.keeper.read(lambda: self._go_on(report))
        self._services.people.read(lambda _entries: None, window.start_page.say)
        window.catching_up.look()

    def _go_on(self, report: StartReport) -> None:
        """Whether there is a PIN is known now; whoever has gone on meanwhile is left alone."""
        window, keeper = self._window, self._window.keeper
        if window.pages.currentWidget() is not window.start_page:
            return
        window.start_page.enter(keeper.is_open, keeper.has_pin)
        if report.message:
            window.start_page.offer(report.message, report.next_step, report.offer, lambda: self._recover(report.unfinished))
        elif keeper.has_pin and keeper.needs_phrase:
            window.start_page.offer(
                NO_PHRASE, WHY_PHRASE, "Show the words", lambda: keeper.adult_only(window.dialogs.new_phrase), "Do it later"
            )
        if (recording := self._recording) is not None:
            self._recording = None
            keeper.adult_only(lambda: window.open_recording(recording))
        elif not keeper.has_pin:
            self.ask_for_adult()

    def _recover(self, unfinished: Sequence[str]) -> None:
        """Give recordings that broke off an end, so that they play."""
        start = self._window.start_page
        if unfinished:
            job = partial(recover_recordings, self._services.database_path, unfinished)

            def tell(said: str) -> None:
                start.tell(said)
                self._window.catching_up.look()

            self._window.keeper.adult_only(lambda: self._services.background.run(job, tell, start.say))

    def _finish(self) -> None:
        """There is a PIN: go on with what was wanted."""
        then, self._then = self._then, None
        if self._window.pages.currentWidget() is self._window.first_page:
            (then or self._window.set_up_camera)()

    def _leave(self) -> None:
        self._then = None
        self._window.go_home()
