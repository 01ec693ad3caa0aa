"""One session from the first picture to the saved rows: capture thread -> mailbox -> model process -> database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from emoasst_core.config import AnalysisOptions
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.events import RunState, SessionEvent, SessionFailed, SessionSaved, SlowChanged, StateChanged
from emoasst_core.session.intake import Intake
from emoasst_core.session.message import Begin, Early, Finish, Finished, FromWorker, Handled, PlanChanged, RecordSoFar, Stopped
from emoasst_core.session.plan import EVERYBODY, SessionPlan
from emoasst_core.session.rate_governor import RateGovernor
from emoasst_core.session.record_parts import RecordKeeper, is_news
from emoasst_core.session.sinks import OpenSinks, Sinks, no_sinks
from emoasst_core.session.transport import Transport
from emoasst_core.session.worker import Worker

if TYPE_CHECKING:
    from emoasst_core.store.sessions import SessionRecord

TAKE_S = 0.2
FINISH_S = 90.0  # the last utterance may still have to be transcribed on a slow machine
MAX_LOSSES = 5  # a recording that kills its worker this often will do so again

_log = logging.getLogger(__name__)


class SessionRun:
    """A session that is running; made by the runner, over when `is_over`.

    Args:
        number: tells this session's answers from those of the one before.
        intake: what is captured.
        worker: the model process, possibly still loading.
        options: how to analyse.
        database_path, sessions_folder: where the session is saved.
        tell: called from several threads with each event.
        plan: who may be read, and what may be kept.
        open_sinks: opens what keeps picture and sound, under the session's id.
    """

    def __init__(
        self,
        number: int,
        intake: Intake,
        worker: Worker,
        options: AnalysisOptions,
        database_path: Path,
        sessions_folder: Path,
        tell: Callable[[SessionEvent], None],
        plan: SessionPlan = EVERYBODY,
        open_sinks: OpenSinks = no_sinks,
    ) -> None:
        self.number = number
        self.plan = plan
        self.session_id = ""
        self.governor = RateGovernor(options.faces.analysis_rate_hz)
        self._open_sinks = open_sinks
        self._sinks = Sinks()
        self.transport = Transport()
        self.mailbox = intake.mailbox()
        self.state = RunState.LOADING
        self._intake = intake
        self._worker = worker
        self._options = options
        self._database_path = database_path
        self._sessions_folder = sessions_folder
        self._tell = tell
        self._marks: list[float] = []
        self._failure: EmoAsstError | None = None
        self._is_refused = False
        self.frames_analysed = self._begun_generation = self._losses = 0
        self._resumed_s = 0.0
        self._found = RecordKeeper()
        self._finished = threading.Event()
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="session")

    def start(self) -> None:
        """Begin; returns at once."""
        self._enter(RunState.LOADING)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Saved, failed, or stopped before it began."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def pause(self) -> None:
        """Let capture rest."""
        if self.state is RunState.RUNNING:
            self.transport.pause()
            self._sinks.gap(self.transport.now_s(), self.transport.now_s(), "paused")
            self._enter(RunState.PAUSED)

    def resume(self) -> None:
        """Go on."""
        if self.state is RunState.PAUSED:
            self.transport.resume()
            self._enter(RunState.RUNNING)

    def mark(self) -> float:
        """Remember this moment as one to look at again; its time."""
        self._marks.append(round(self.transport.now_s(), 2))
        return self._marks[-1]

    def withdraw(self, person_id: str) -> None:
        """That person is read no more, and nothing is kept any longer."""
        with self._lock:
            self.plan = self.plan.without(person_id)
        self._sinks.drop()
        self._worker.send(PlanChanged(self.number, self.plan), self._begun_generation)

    def stop(self, discard: bool = False) -> None:
        """Stop capturing, then drain and save; with `discard` what is still waiting is not analysed."""
        self._enter(RunState.STOPPING)
        self.transport.stop()
        self.mailbox.close(discard)

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    def take(self, message: FromWorker) -> None:
        """An answer of the model process; called on the worker's thread."""
        if not isinstance(message, Early | Handled | RecordSoFar | Finished | Stopped) or message.session != self.number:
            return
        if isinstance(message, Early):
            if is_news(message.event, self._resumed_s):
                self._tell(message.event)
        elif isinstance(message, Handled):
            self.frames_analysed += not message.is_sound
            self.mailbox.handled(message.is_sound)
        elif isinstance(message, Stopped):
            self._is_refused = True
            self._fail(EmoAsstError(message.message, message.next_step))
        else:
            with self._lock:
                self._found.take(message.record, message.settled if isinstance(message, RecordSoFar) else None)
        for event in message.events if isinstance(message, Handled | Finished) else ():
            if is_news(event, self._resumed_s):
                self._tell(event)
        if isinstance(message, Finished):
            self._finished.set()

    def worker_lost(self) -> None:
        """The model process died: keep what it had found; the next one goes on from here."""
        with self._lock:
            self._losses += 1
            self._found.worker_lost()
        self.mailbox.worker_lost()
        if self._losses > MAX_LOSSES:
            self._fail(
                EmoAsstError("The analysis broke off several times.", "What was found until then is kept. Try another recording.")
            )

    def _run(self) -> None:
        try:
            if self._models_are_loaded():
                capture = threading.Thread(target=self._capture, name="capture")
                capture.start()
                self._feed()
                self.transport.stop()
                capture.join()
                self._finish()
            self._end()
        except EmoAsstError as error:
            self._say_failure(error)
        except Exception as error:  # whatever it is: nobody may wait for a session that is no more
            _log.exception("the session broke off")
            step = "Start again. What was recorded until then is offered when EmoAsst is opened the next time."
            self._say_failure(EmoAsstError(f"The session broke off ({error}).", step))
        finally:
            self.transport.stop()  # lets the devices go, if a fault came before their time
            self._sinks.decide(False)  # where nothing was saved, there is nothing to ask about

    def _models_are_loaded(self) -> bool:
        while not self.transport.is_stopped:
            if self._worker.wait_ready(TAKE_S):
                return True
            if (failure := self._worker.load_failure) is not None:
                raise EmoAsstError(failure.message, failure.next_step)
        return False

    def _capture(self) -> None:
        try:
            self._sinks = self._opened_sinks()
            self._intake.run(self.mailbox, self.transport, self._tell, self._sinks)
        except EmoAsstError as error:
            self._failure = self._failure or error
        except Exception as error:
            _log.exception("capture broke off")
            self._failure = self._failure or EmoAsstError(
                f"The recording or device could not be read any further ({error}).", "Try again, or choose another one."
            )
        finally:
            self.mailbox.close()
            self._sinks.close()

    def _opened_sinks(self) -> Sinks:
        from emoasst_core.store.sessions import new_session_id  # brings the database in: not before it is needed

        self.session_id = new_session_id(datetime.now(UTC))
        return Sinks(self._open_sinks(self.session_id, self.plan), self._tell)

    def _feed(self) -> None:
        while not self.mailbox.is_done and not self._worker.is_closed:
            if not self._has_begun():
                continue
            self._govern()
            item = self.mailbox.take(TAKE_S)
            if item is not None and not self._worker.send(item, self._begun_generation):
                self.mailbox.not_sent(item)

    def _govern(self) -> None:
        """Lower the rate of analysis where the machine is too slow for it, and raise it again."""
        if self._intake.loses_frames and self.governor.look(self.transport.now_s(), self.mailbox):
            self._intake.use_rate(self.governor.rate_hz)
            self._tell(SlowChanged(self.governor.is_slow, self.governor.rate_hz))

    def _has_begun(self) -> bool:
        """Whether the process now running has been told of this session."""
        worker = self._worker
        if self._begun_generation == worker.generation and worker.wait_ready(0):
            return True
        if self.state is RunState.RUNNING:
            self._enter(RunState.LOADING)
        if not worker.wait_ready(TAKE_S):
            if worker.load_failure is not None:
                self._fail(EmoAsstError(worker.load_failure.message, worker.load_failure.next_step))
            return False
        generation = worker.generation
        if not worker.send(Begin(self.number, self._intake.recording, self._options, self.plan), generation):
            return False
        self._resumed_s = self.transport.now_s() if self._begun_generation else 0.0
        self._begun_generation = generation
        if self.state is RunState.LOADING:
            self._enter(RunState.PAUSED if self.transport.is_paused else RunState.RUNNING)
        return True

    def _finish(self) -> None:
        if self._begun_generation == 0:
            return
        self._enter(RunState.STOPPING)
        losses = self._losses
        if not self._worker.send(Finish(self.number), self._begun_generation):
            return
        for _ in range(int(FINISH_S / TAKE_S)):
            is_lost = self._losses > losses or self._worker.is_closed or self._is_refused
            if self._finished.wait(TAKE_S) or is_lost:
                return

    def _end(self) -> None:
        with self._lock:
            record = self._found.whole()
        if record is not None and record.duration_s > 0:
            saved = self._save(record)
            self._sinks.decide(self.plan.keeps_clips)
            if self._failure is not None:
                self._say_failure(self._failure)
            self._tell(saved)
        elif self._failure is not None:
            raise self._failure
        if self._failure is None:
            self._enter(RunState.IDLE)

    def _save(self, record: SessionRecord) -> SessionSaved:
        from emoasst_core.store.database import Database
        from emoasst_core.store.sessions import save_session

        whole = replace(record, session_id=self.session_id, marks_s=tuple(self._marks))
        with Database(self._database_path) as database:
            session_id = save_session(database, whole)
        return SessionSaved(session_id, self._sessions_folder / session_id, record.timeline)

    def _fail(self, error: EmoAsstError) -> None:
        self._failure = self._failure or error
        self.transport.stop()
        self.mailbox.close(discard=True)
        self.mailbox.worker_lost()

    def _say_failure(self, error: EmoAsstError) -> None:
        self._enter(RunState.FAILED)
        self._tell(SessionFailed(error.message, error.next_step))

    def _enter(self, state: RunState) -> None:
        with self._lock:
            if self.state in (RunState.IDLE, RunState.FAILED) or (state is self.state and state is not RunState.LOADING):
                return
            self.state = state
            self._tell(StateChanged(state))
