"""Slow things for the window: done elsewhere, in order, their outcome back on the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from app.bridge import Courier
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.job_queue import JobQueue


class Background(QObject):
    """A queue of jobs whose answers may touch widgets."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._courier = Courier(self)
        self._jobs = JobQueue()

    def run(self, job: Callable[[], Any], on_done: Callable[[Any], None], on_failed: Callable[[EmoAsstError], None]) -> None:
        """Do `job` on the other thread, then call one of the two on this one."""
        bring = self._courier.bring
        self._jobs.submit(job, lambda outcome: bring(on_done, outcome), lambda error: bring(on_failed, error))

    def close(self) -> None:
        """Finish what was asked for; nobody is told any more."""
        self._courier.close()
        self._jobs.close()
