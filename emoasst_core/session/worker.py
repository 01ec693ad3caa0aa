"""The model process seen from the window's side: started, listened to, watched, and started again when it dies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait

from emoasst_core.session.message import Begin, Early, FromWorker, LoadFailed, PlanChanged, Ready, ToWorker, WorkerSettings
from emoasst_core.session.model_launch import Child, Launch
from emoasst_core.session.worker_process import PULSE_S

HANG_S = 1.75  # no pulse for this long: killed, so that a new process runs within 3 s
STUCK_S = 60.0  # one frame or block may take this long (transcription of a long utterance on a slow machine), not longer
LOAD_S = 240.0
UNEASY_S = 0.75  # no pulse for this long: a second process begins to load, to be ready once the first is given up
SPARE_AFTER_S = 1.0  # a second process loads the models so long after the first has them ...
SLOW_LOAD_S = 0.8  # ... unless loading is so quick that it can wait until it is needed
CRASH_PAUSES_S = (0.0, 0.5, 2.0, 10.0)  # before the 1st, 2nd, ... start in a row that never became ready

_log = logging.getLogger(__name__)


class Worker:
    """Keeps one model process alive from construction to `close`.

    Loading models takes longer than a conversation can wait, so a spare process with its models loaded stands by.

    Args:
        settings: what the process is to load.
        on_message: called on this object's own thread with each answer; must return quickly.
        on_lost: called on that thread when the process has died and a new one is being started.
    """

    def __init__(
        self, settings: WorkerSettings, on_message: Callable[[FromWorker], None], on_lost: Callable[[], None] = lambda: None
    ) -> None:
        self.restarts = 0
        self.generation = 0  # counts the processes; an answer belongs to the newest
        self.load_failure: LoadFailed | None = None
        self._settings = settings
        self._on_message = on_message
        self._on_lost = on_lost
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._child: Child | None = None
        self._spare: Launch | None = None
        self._ready_s = 0.0
        self._is_ready = False
        self._is_closed = False
        self._waiting_since_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="worker-watch", daemon=True)
        self._thread.start()

    @property
    def process_id(self) -> int | None:
        """Of the process now running, if there is one."""
        child = self._child
        return child.process.pid if child is not None else None

    @property
    def spare_process_id(self) -> int | None:
        """Of the process that stands by, if there is one."""
        spare = self._spare
        child = spare.child if spare is not None else None
        return child.process.pid if child is not None else None

    @property
    def is_spare_ready(self) -> bool:
        """Whether the process that stands by has loaded its models (or failed to)."""
        spare = self._spare
        child = spare.child if spare is not None else None
        try:
            return child is not None and child.connection.poll()
        except OSError:  # just ended
            return False

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._is_closed

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether the models were loaded within `timeout_s`; False also when loading failed (see `load_failure`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready or self._is_closed or self.load_failure is not None, timeout_s)
            return self._is_ready

    def retry(self) -> None:
        """Try to load the models again after a failure."""
        with self._changed:
            self.load_failure = None
            self._changed.notify_all()

    def send(self, message: ToWorker, generation: int) -> bool:
        """Send to that very process; False when it is gone."""
        with self._sending:
            child = self._child
            if child is None or generation != self.generation:
                return False
            if not isinstance(message, Begin | PlanChanged):  # those two have no answer
                self._waiting_since_s = self._waiting_since_s or time.monotonic()
            try:
                child.connection.send(message)
            except (OSError, ValueError):
                return False
            return True

    def close(self) -> None:
        """End the process and this object's thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._is_closed:
            self._pause(CRASH_PAUSES_S[min(failures, len(CRASH_PAUSES_S) - 1)])
            if self._is_closed:
                break
            child = self._take_over()
            if child is None:
                break
            reason = self._listen(child)
            was_ready = self._end(child)
            if self._is_closed:
                break
            if self.load_failure is None:
                failures = 0 if was_ready else failures + 1
                self.restarts += 1
                _log.error("the model process %s; starting it again", reason)
                self._on_lost()
            else:
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closed or self.load_failure is None)
        if self._spare is not None:
            self._spare.give_up()

    def _take_over(self) -> Child | None:
        """The spare process where one stands by, else a new one, becomes the one that is talked to; None if closed meanwhile."""
        if self._spare is None:
            self._spare = Launch(self._settings)
        child = self._spare.wait(lambda: self._is_closed)
        if child is None:
            return None
        with self._changed:
            self._spare = None
            self.generation += 1
            self._child = child
        return child

    def _listen(self, child: Child) -> str:
        """Pass answers on until the process dies, hangs or is closed; why it ended."""
        last_pulse, last_change_s, last_check_s = 0, time.monotonic(), time.monotonic()
        while not self._is_closed:
            if child.connection in wait([child.connection, child.process.sentinel], PULSE_S):
                try:
                    self._take(child.connection.recv())
                except (EOFError, OSError):
                    return "hung up"
                if self.load_failure is not None:
                    return "could not load"
            elif not child.process.is_alive():
                return f"died with code {child.process.exitcode}"
            now_s = time.monotonic()
            if child.pulse.value != last_pulse or now_s - last_check_s > 4 * PULSE_S:  # the second: this machine was asleep
                last_pulse, last_change_s = child.pulse.value, now_s
            last_check_s = now_s
            silent_s = now_s - last_change_s
            if trouble := self._trouble(child, now_s, silent_s):
                return trouble
            self._keep_spare(child, now_s, silent_s)
        return "closed"

    def _keep_spare(self, child: Child, now_s: float, silent_s: float) -> None:
        """Let a second process load the models, once the first has them, or seems to hang."""
        spare = self._spare.child if self._spare is not None else None
        if self._spare is not None and spare is not None and not spare.process.is_alive():
            self._spare.give_up()
            self._spare, self._ready_s = None, now_s
        takes_long = self._ready_s - child.started_s > SLOW_LOAD_S
        is_time = takes_long and now_s - self._ready_s > SPARE_AFTER_S
        if self._spare is None and self._is_ready and (is_time or silent_s > UNEASY_S):
            self._spare = Launch(self._settings)

    def _trouble(self, child: Child, now_s: float, silent_s: float) -> str:
        if not self._is_ready:
            return "took too long to load" if now_s - child.started_s > LOAD_S else ""
        if silent_s > HANG_S:
            return "hangs"
        waiting_since_s = self._waiting_since_s
        return "is stuck" if waiting_since_s is not None and now_s - waiting_since_s > STUCK_S else ""

    def _take(self, message: FromWorker) -> None:
        if not isinstance(message, Early):  # the answer is still to come
            self._waiting_since_s = None
        with self._changed:
            if isinstance(message, Ready):
                self._is_ready, self._ready_s = True, time.monotonic()
            elif isinstance(message, LoadFailed):
                self.load_failure = message
            self._changed.notify_all()
        self._on_message(message)

    def _end(self, child: Child) -> bool:
        if not self._is_closed:
            child.process.kill()  # also lets go a sender that waits for a full pipe
        with self._sending, self._changed:
            was_ready, self._is_ready = self._is_ready, False
            self._child = None
            self._waiting_since_s = None
            child.connection.close()  # a process that still runs takes this as its end
            self._changed.notify_all()
        child.let_go()
        return was_ready

    def _pause(self, duration_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, duration_s)
