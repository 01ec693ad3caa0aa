"""Starts model processes: on Linux forked off a process that has imported the libraries, elsewhere begun afresh.

A forked process is ready at once and shares the memory of the libraries and of the models with the others. The process it is
forked from runs no thread and is done with loading, so nothing can be held or half done at the fork.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from emoasst_core.session.message import DEFAULT_FACTORY, WorkerSettings
from emoasst_core.session.processes import SpawnContext
from emoasst_core.session.worker_process import serve, share_cores

GOODBYE_S: Final = 2.0  # to end on its own, with the processes it started
LOOK_EVERY_S: Final = 0.1
AGAIN_AFTER_S: Final = 1.0
IMPORTS: Final = "emoasst_core.session.model_imports"
PROFILE_VARIABLE: Final = "EMOASST_PROFILE_TO_FORK"  # read there: which models to load

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Child:
    """A model process and our end of its pipe; `pulse` goes up while it can run Python at all."""

    process: Any
    connection: Connection
    pulse: Any
    started_s: float

    def let_go(self) -> None:
        """End it: politely, then at once."""
        self.connection.close()
        self.process.join(GOODBYE_S)
        self.process.kill()
        self.process.join()
        self.process.close()


class Launch:
    """A model process on its way. It may have to wait for the libraries, so it is started by a thread of its own.

    Args:
        settings: what the process is to load.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._changed = threading.Condition()
        self._child: Child | None = None
        self._is_given_up = False
        threading.Thread(target=self._run, name="worker-start", daemon=True).start()

    @property
    def child(self) -> Child | None:
        """The process, once it runs."""
        return self._child

    def wait(self, is_over: Callable[[], bool]) -> Child | None:
        """The process as soon as it runs; None if `is_over` says so before."""
        with self._changed:
            while self._child is None and not is_over():
                self._changed.wait(LOOK_EVERY_S)
            return self._child

    def give_up(self) -> None:
        """End the process, now or as soon as it is there."""
        with self._changed:
            self._is_given_up, child = True, self._child
        if child is not None:
            child.let_go()

    def _run(self) -> None:
        child = None
        while child is None and not self._is_given_up:
            try:
                child = start(self._settings)
            except OSError as error:  # no memory, no handles: this passes
                _log.warning("no model process can be started now: %s", error)
                time.sleep(AGAIN_AFTER_S)
        if child is None:
            return
        with self._changed:
            if not self._is_given_up:
                self._child = child
            self._changed.notify_all()
        if self._is_given_up and self._child is None:
            child.let_go()


def start(settings: WorkerSettings) -> Child:
    """A new model process; blocks until the libraries are imported where it is to be forked."""
    began_s = time.monotonic()
    if can_fork(settings):
        from emoasst_core.session.processes import ForkServerContext  # not on Windows

        context = ForkServerContext()
        context.set_forkserver_preload([IMPORTS])
        os.environ[PROFILE_VARIABLE] = settings.profile  # for the process to fork from, where it does not run yet
        try:
            return _started(context, began_s, _serve_forked, dict(os.environ), settings)
        except (OSError, EOFError):  # the process to fork from was killed: the next start makes another one
            pass
    return _started(SpawnContext(), began_s, _serve_spawned, None, settings)


def can_fork(settings: WorkerSettings) -> bool:
    """Whether its process is forked. Not on macOS, whose own libraries forbid it, and not for other analyses' libraries."""
    return sys.platform.startswith("linux") and settings.factory == DEFAULT_FACTORY and not getattr(sys, "frozen", False)


def _started(context: Any, began_s: float, target: Any, environment: Mapping[str, str] | None, settings: WorkerSettings) -> Child:
    ours, theirs = context.Pipe()
    pulse = context.RawValue("L", 0)
    process = context.Process(target=target, args=(environment, theirs, pulse, settings), name="emoasst-models")
    try:
        process.start()
    finally:
        theirs.close()
    return Child(process, ours, pulse, began_s)


def _serve_spawned(_environment: None, connection: Connection, pulse: Any, settings: WorkerSettings) -> None:
    serve(connection, pulse, settings)


def _serve_forked(environment: Mapping[str, str], connection: Connection, pulse: Any, settings: WorkerSettings) -> None:
    os.environ.clear()  # those of the process that was forked may be of long ago
    os.environ.update(environment)
    share_cores()
    from emoasst_core.encoders.threads import use_threads  # there already

    use_threads(int(os.environ["OMP_NUM_THREADS"]))  # one, where it was forked
    serve(connection, pulse, settings)
