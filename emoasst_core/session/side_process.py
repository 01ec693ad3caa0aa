"""A long job in a process of its own, at low priority: the window stays free of models, and stopping it loses nothing kept."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, Final

from emoasst_core.errors import EmoAsstError, WorkerError
from emoasst_core.session.processes import SIDE_JOB, SpawnContext, begin_process

NICE: Final = 10  # whatever else runs on this machine goes first
PROGRESS, DONE, FAILED = "progress", "done", "failed"

_log = logging.getLogger(__name__)
Tell = Callable[[int, int], None]


class SideProcess:
    """Runs `module:function(tell, **arguments)` from construction on.

    Args:
        job: dotted name of a function; it gets a callable to tell how many of how many steps are done.
        arguments: its keywords; like what it returns, anything that can be pickled.
        on_progress, on_done, on_failed: called on this object's own thread; after `stop`, none of them.
    """

    def __init__(
        self,
        job: str,
        arguments: Mapping[str, Any],
        on_progress: Tell,
        on_done: Callable[[Any], None],
        on_failed: Callable[[EmoAsstError], None],
    ) -> None:
        self._on_progress, self._on_done, self._on_failed = on_progress, on_done, on_failed
        self._is_stopped = False
        context = SpawnContext()
        self._connection, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=serve_job, args=(theirs, job, dict(arguments)), name="emoasst-side")
        self._process.start()
        theirs.close()
        self._thread = threading.Thread(target=self._listen, name="side-watch", daemon=True)
        self._thread.start()

    @property
    def process_id(self) -> int | None:
        """Of the process."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it now. What it has kept stays; what it was in the middle of is done again next time."""
        self._is_stopped = True
        self._process.kill()
        self._thread.join()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    def _listen(self) -> None:
        is_told = False
        while True:
            try:
                kind, *values = self._connection.recv()
            except (EOFError, OSError):
                break
            if self._is_stopped:
                continue
            if kind == PROGRESS:
                self._on_progress(*values)
                continue
            is_told = True
            if kind == DONE:
                self._on_done(*values)
            else:
                self._on_failed(EmoAsstError(*values))
        self._process.join()
        if not is_told and not self._is_stopped:
            _log.error("the side process ended with code %s", self._process.exitcode)
            self._on_failed(WorkerError("The work in the background broke off.", "It goes on at the next start."))
        self._connection.close()


def serve_job(connection: Connection, job: str, arguments: Mapping[str, Any]) -> None:
    """The inside of the process: do the job, tell what came of it."""
    begin_process(SIDE_JOB)
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if hasattr(os, "nice"):
        os.nice(NICE)
    module, _, function = job.partition(":")
    try:
        outcome = getattr(import_module(module), function)(lambda *step: connection.send((PROGRESS, *step)), **arguments)
        connection.send((DONE, outcome))
    except EmoAsstError as error:
        connection.send((FAILED, error.message, error.next_step))
    except Exception as error:  # told like any other fault; the window must not wait for ever
        _log.exception("the side job broke off")
        connection.send((FAILED, f"The work in the background broke off: {error}.", "It goes on at the next start."))
