"""When the model has changed: the family's answers are read again in the background, told about and stopped here."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from app.bridge import Courier
from app.services import Services
from app.widgets.progress_strip import ProgressStrip
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.reembed_job import JOB, ReembedReport, num_waiting
from emoasst_core.session.events import RunState, SessionEvent, StateChanged
from emoasst_core.session.side_process import SideProcess

NEW_MODEL = "The program has a new model and looks at your answered clips again:"


class Reembedding(QObject):
    """Starts by itself, rests while a session runs, and can be stopped; what was read is kept.

    Args:
        services: database and model.
        strip: says how far it is, and how it ended.
        job: what the process runs.
    """

    def __init__(self, services: Services, strip: ProgressStrip, job: str = JOB, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self._strip, self._job = services, strip, job
        strip.stop_wanted.connect(self.stop)
        services.bridge.event_told.connect(self._take)
        self._courier = Courier(self)
        self._process: SideProcess | None = None
        self._is_wanted = True  # until somebody stops it

    @property
    def is_running(self) -> bool:
        """Whether the process is at work."""
        return self._process is not None and not self._process.is_over

    @property
    def process_id(self) -> int | None:
        """Of the process, while it is at work."""
        return self._process.process_id if self._process is not None and self.is_running else None

    def look(self) -> None:
        """See whether any answer waits for the present model, and begin; nothing happens where none does."""
        if self._is_wanted and not self.is_running:
            look = partial(num_waiting, self._services.database_path, self._services.profile)
            self._services.background.run(look, self._begin, lambda _error: None)  # the start page has said what is wrong

    def rest(self) -> None:
        """Make room for a session; `look` goes on."""
        self._end()
        if not self._strip.bar.isHidden():
            self._strip.hide()

    def stop(self) -> None:
        """Stop until the program is opened again."""
        self._is_wanted = False
        self._end()
        self._strip.hide()

    def close(self) -> None:
        """End the process with the window."""
        self._is_wanted = False
        self._courier.close()
        self._end()

    def _take(self, event: SessionEvent) -> None:
        if isinstance(event, StateChanged) and event.state in (RunState.LOADING, RunState.RUNNING):
            self.rest()

    def _begin(self, num_clips: int) -> None:
        if not num_clips or not self._is_wanted or self.is_running or not self._services.runner.wait(0):
            return
        bring = self._courier.bring
        arguments = {"database_path": self._services.database_path, "profile": self._services.profile}
        self._process = SideProcess(
            self._job,
            arguments,
            lambda done, total: bring(self._tell, (done, total)),
            lambda report: bring(self._done, report),
            lambda error: bring(self._failed, error),
        )
        self._strip.show_progress(NEW_MODEL, 0, num_clips)

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _tell(self, step: tuple[int, int]) -> None:
        if self.is_running:
            self._strip.show_progress(NEW_MODEL, *step)

    def _done(self, report: ReembedReport) -> None:
        self._strip.say(report.sentence)

    def _failed(self, error: EmoAsstError) -> None:
        self._is_wanted = False
        self._strip.say(f"{error.message} {error.next_step}".strip())
