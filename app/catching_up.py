"""What the program catches up with by itself, in another process: recordings that broke off, and answers for a new model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.bridge import Courier
from app.services import Services
from app.widgets.progress_strip import ProgressStrip
from emoasst_core.errors import EmoAsstError
from emoasst_core.review import late_reading, reembed_job
from emoasst_core.session.events import RunState, SessionEvent, StateChanged
from emoasst_core.session.side_process import SideProcess


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of work.

    Attributes:
        job: what the process runs, given the database and the profile; what it returns has a `sentence`.
        words: said before how far it is.
        num_waiting: (database, profile) -> steps that wait; loads no model.
    """

    job: str
    words: str
    num_waiting: Callable[[Path, str], int]


READ_LATE: Final = Task(
    late_reading.JOB, "A recording broke off before it was read. Seconds looked through:", late_reading.num_seconds_waiting
)
READ_AGAIN: Final = Task(
    reembed_job.JOB, "The program has a new model and looks at your answered clips again:", reembed_job.num_waiting
)


class CatchingUp(QObject):
    """Starts by itself, rests while a session runs, and can be stopped; what was done is kept.

    Args:
        services: database and model.
        strip: says how far it is, and how it ended.
        tasks: what there may be to do, the first first.
    """

    done = Signal()

    def __init__(
        self,
        services: Services,
        strip: ProgressStrip,
        tasks: Sequence[Task] = (READ_LATE, READ_AGAIN),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._services, self._strip, self._tasks = services, strip, tuple(tasks)
        self._left = self._tasks
        self._said: list[str] = []
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
        """See whether anything waits, and begin; nothing happens where nothing does."""
        if not self.is_running:
            self._left, self._said = self._tasks, []
            self._look_for_next()

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

    def _look_for_next(self) -> None:
        if self._is_wanted and self._left:
            look = partial(first_waiting, self._left, self._services.database_path, self._services.profile)
            self._services.background.run(look, self._begin, lambda _error: None)  # the start page has said what is wrong

    def _begin(self, found: tuple[Task, int] | None) -> None:
        if found is None or not self._is_wanted or self.is_running or not self._services.runner.wait(0):
            return
        task, num_steps = found
        if task not in self._left:
            return  # two looks found the same, and it is done already
        self._left = self._left[self._left.index(task) + 1 :]
        bring = self._courier.bring
        arguments = {"database_path": self._services.database_path, "profile": self._services.profile}
        self._process = SideProcess(
            task.job,
            arguments,
            lambda done, total: bring(partial(self._tell, task), (done, total)),
            lambda report: bring(self._done, report),
            lambda error: bring(self._failed, error),
        )
        self._strip.show_progress(task.words, 0, num_steps)

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _tell(self, task: Task, step: tuple[int, int]) -> None:
        if self.is_running:
            self._strip.show_progress(task.words, *step)

    def _done(self, report: late_reading.LateReport | reembed_job.ReembedReport) -> None:
        self._said.append(report.sentence)
        self._strip.say(" ".join(self._said))
        self._end()
        self.done.emit()
        self._look_for_next()

    def _failed(self, error: EmoAsstError) -> None:
        self._is_wanted = False
        self._strip.say(" ".join((*self._said, f"{error.message} {error.next_step}".strip())))


def first_waiting(tasks: Sequence[Task], database_path: Path, profile: str) -> tuple[Task, int] | None:
    """The first task for which something waits, with how much; None where nothing does."""
    for task in tasks:
        if num_steps := task.num_waiting(database_path, profile):
            return task, num_steps
    return None
