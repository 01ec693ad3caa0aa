"""The inside of the model process: one loop that owns the profile and the pipeline, and a pulse."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from ctypes import c_ulong
from importlib import import_module
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import EmoAsstError, WorkerError
from emoasst_core.session.events import SessionEvent
from emoasst_core.session.message import (
    Begin,
    Early,
    Finish,
    Finished,
    FromWorker,
    Handled,
    LoadFailed,
    PlanChanged,
    Ready,
    RecordSoFar,
    Stopped,
    WorkerSettings,
)
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.processes import MODELS, begin_process, share_one_heap
from emoasst_core.session.reading_thread import ReadingThread
from emoasst_core.session.record_parts import packed

if TYPE_CHECKING:
    from emoasst_core.session.face_watch import LookedAt
    from emoasst_core.store.sessions import SessionRecord

PULSE_S = 0.25
NUM_KERNELS = "64"  # the face tower's few, used ten times a second, always stay among them
RECORD_EVERY_S = 5.0  # at most this much of a session is lost with a crash
RECORD_SHARE = 0.02  # ... and at most this share of the worker's time goes into it

_log = logging.getLogger(__name__)


class PipelineLike(Protocol):
    """What the worker needs of a pipeline."""

    def feed(self, item: Frame | AudioBlock) -> list[SessionEvent]:
        """Take one frame or block of sound; what it led to."""

    def use_plan(self, plan: SessionPlan) -> None:
        """Read only whom the plan allows, from now on."""

    def finish(self) -> list[SessionEvent]:
        """No more is coming; what was still open."""

    def record(self) -> SessionRecord:
        """All that was found so far."""


@runtime_checkable
class TellsEarly(Protocol):
    """A pipeline that can say some things before a frame is done."""

    def tell_early(self, listener: Callable[[SessionEvent], None]) -> None:
        """Call the listener as soon as something is known, in place of returning it from `feed`."""


@runtime_checkable
class LooksAhead(PipelineLike, Protocol):
    """A pipeline that can find faces on one thread while it reads earlier ones on another."""

    def look(self, frame: Frame) -> LookedAt | None:
        """Find the faces of a picture; what `feed` takes in its place, or None where it is not analysed."""

    def feed(self, item: Frame | AudioBlock | LookedAt, is_behind: bool = False) -> list[SessionEvent]:
        """As of any pipeline; `is_behind` where a later picture waits already."""


def serve(connection: Connection, pulse: Any, settings: WorkerSettings) -> None:
    """Load the models, then answer until the other side hangs up.

    Args:
        connection: this process' end of the pipe.
        pulse: shared counter; it goes up while this process can run Python at all.
        settings: which pipeline to open, and with what.
    """
    begin_process(MODELS)
    share_one_heap()
    share_cores()
    threading.Thread(target=_beat, args=(pulse,), name="pulse", daemon=True).start()
    try:
        _Service(connection, settings).run()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        _log.debug("the window hung up")


def share_cores() -> None:
    """Before torch is loaded: half of the cores for the models, threads that sleep while they wait, and small caches of kernels.

    The window, the captions and the capture run beside them. Spinning threads make a busy machine several times slower.
    torch keeps the kernels made for the last 1,024 shapes; every utterance has a length, and so a shape, of its own, and the
    process grew by 129 kB with each (0.4 kB with 64 of them kept), some 400 MB in an hour of talk.
    """
    for variable in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(variable, NUM_KERNELS)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))


def _beat(pulse: c_ulong) -> None:
    while True:
        pulse.value += 1
        time.sleep(PULSE_S)


@runtime_checkable
class Settles(Protocol):
    """A pipeline that hands over what it has found, piece by piece."""

    def settle(self) -> SessionRecord | None:
        """What can change no more; `record` is without it from now on."""


class _Service:
    """The loop of the process."""

    def __init__(self, connection: Connection, settings: WorkerSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._sending = threading.Lock()
        self._pipeline: PipelineLike | None = None
        self._reading: ReadingThread | None = None  # where the session is live
        self._session = 0
        self._next_record_s = 0.0

    def run(self) -> None:
        """Serve until the pipe closes."""
        try:
            self._open("", self._settings.options)  # loads every model now, so that the first session starts at once
        except EmoAsstError as error:
            self._send(LoadFailed(error.message, error.next_step))
            return
        self._send(Ready())
        while True:
            message = self._connection.recv()
            try:
                self._answer(message)
            except EmoAsstError as error:
                self._let_go()
                self._send(Stopped(self._session, error.message, error.next_step))

    def _answer(self, message: object) -> None:
        if isinstance(message, Begin):
            self._let_go()
            self._pipeline = self._open(message.recording, message.options)
            self._pipeline.use_plan(message.plan)
            self._session = message.session
            if isinstance(self._pipeline, TellsEarly):
                self._pipeline.tell_early(lambda event: self._send(Early(message.session, event)))
            self._next_record_s = time.monotonic() + RECORD_EVERY_S
            if message.options.partial_captions and isinstance(self._pipeline, LooksAhead):
                self._reading = ReadingThread(self._pipeline, self._read, self._refused)
        elif isinstance(message, PlanChanged) and self._pipeline is not None:
            self._pipeline.use_plan(message.plan)
        elif isinstance(message, Frame | AudioBlock) and self._reading is not None:
            self._look(message, self._reading)
        elif isinstance(message, Frame | AudioBlock) and self._pipeline is not None:
            events = tuple(self._pipeline.feed(message))
            self._send(Handled(self._session, isinstance(message, AudioBlock), events))
            self._send_record()
        elif isinstance(message, Finish) and self._pipeline is not None:
            if self._reading is not None:
                self._reading.close()
            events = tuple(self._pipeline.finish())
            self._send(Finished(self._session, events, self._pipeline.record()))
            self._let_go()

    def _look(self, message: Frame | AudioBlock, reading: ReadingThread) -> None:
        """A picture is answered for as soon as it was looked at; sound when it has been read."""
        if isinstance(message, AudioBlock):
            reading.put(message)
            return
        assert isinstance(self._pipeline, LooksAhead)
        looked = self._pipeline.look(message)
        if looked is not None:
            reading.put(looked)
        self._send(Handled(self._session, False, ()))

    def _read(self, item: LookedAt | AudioBlock, events: tuple[SessionEvent, ...]) -> None:
        """On the reading thread."""
        if isinstance(item, AudioBlock):
            self._send(Handled(self._session, True, events))
        else:
            for event in events:
                self._send(Early(self._session, event))
        self._send_record()

    def _refused(self, error: EmoAsstError) -> None:
        """On the reading thread."""
        self._send(Stopped(self._session, error.message, error.next_step))

    def _let_go(self) -> None:
        if self._reading is not None:
            self._reading.close(discard=True)
        self._reading = self._pipeline = None

    def _send(self, message: FromWorker) -> None:
        with self._sending:
            self._connection.send(message)

    def _send_record(self) -> None:
        started_s = time.monotonic()
        if started_s < self._next_record_s or self._pipeline is None:
            return
        settled = self._pipeline.settle() if isinstance(self._pipeline, Settles) else None
        self._send(RecordSoFar(self._session, self._pipeline.record(), packed(settled) if settled is not None else None))
        finished_s = time.monotonic()
        self._next_record_s = finished_s + max(RECORD_EVERY_S, (finished_s - started_s) / RECORD_SHARE)

    def _open(self, recording: str, options: AnalysisOptions) -> PipelineLike:
        settings = self._settings
        module_name, _, function_name = settings.factory.partition(":")
        try:
            factory = getattr(import_module(module_name), function_name)
        except (ImportError, AttributeError) as error:
            raise WorkerError(f"The analysis {settings.factory} cannot be opened: {error}.", "Install EmoAsst again.") from error
        pipeline: PipelineLike = factory(settings.profile, options, settings.database_path, recording)
        return pipeline
