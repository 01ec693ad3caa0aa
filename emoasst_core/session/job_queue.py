"""Does slow things one after the other on a thread of its own: reading sessions, keeping a correction."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from emoasst_core.errors import EmoAsstError

Job = Callable[[], Any]
OnDone = Callable[[Any], None]
OnFailed = Callable[[EmoAsstError], None]

_log = logging.getLogger(__name__)


class JobQueue:
    """Jobs run in the order they were given; their outcome is told on the queue's thread."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Job, OnDone, OnFailed] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="jobs")
        self._thread.start()

    def submit(self, job: Job, on_done: OnDone, on_failed: OnFailed) -> None:
        """Do this when the ones before are done."""
        self._jobs.put((job, on_done, on_failed))

    def close(self) -> None:
        """Finish what was given, then end the thread: a correction that was asked for is kept."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (entry := self._jobs.get()) is not None:
            _do(*entry)


def do_apart(job: Job, on_done: OnDone, on_failed: OnFailed, name: str) -> None:
    """One job on a thread that ends with it: a program that is closed meanwhile does it to the end."""
    threading.Thread(target=_do, args=(job, on_done, on_failed), name=name).start()


def _do(job: Job, on_done: OnDone, on_failed: OnFailed) -> None:
    try:
        outcome = job()
    except EmoAsstError as error:
        on_failed(error)
    except Exception as error:
        _log.exception("a job failed")
        on_failed(EmoAsstError(f"That did not work ({error}).", "Try again; nothing that was saved is lost."))
    else:
        on_done(outcome)
