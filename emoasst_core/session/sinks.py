"""Where every captured frame and block of sound goes besides the analysis: a recording, for example."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.events import DeviceChanged
from emoasst_core.session.plan import SessionPlan

DECIDED_S = 120.0  # a dozen clips are cut out in some ten seconds

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Takes what is captured. Called from the capture threads, so every method must return quickly."""

    def frame(self, frame: Frame) -> None:
        """Take a picture; every one that was captured, not only those analysed."""

    def sound(self, block: AudioBlock) -> None:
        """Take the next block of sound; contiguous with the one before unless a gap was told."""

    def gap(self, start_s: float, end_s: float, reason: str) -> None:
        """Nothing was captured between these times: "paused", "camera lost", "microphone lost", "sleep", "clock"."""

    def close(self) -> None:
        """No more is coming. Called once."""


@runtime_checkable
class DecidesLater(Protocol):
    """A sink that keeps nothing until it is told, after the session, that it may."""

    def decide(self, keeps: bool) -> None:
        """The session is saved and its clips may be kept, or nothing may; only the first word counts."""

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until that is done."""


OpenSinks = Callable[[str, SessionPlan], Sequence[Sink]]  # (session_id, plan) -> what records that session


def no_sinks(_session_id: str, _plan: SessionPlan) -> Sequence[Sink]:
    """Keep neither picture nor sound."""
    return ()


class Sinks:
    """Hands everything to several sinks; one that fails is left out from then on, and the others go on.

    Args:
        sinks: to hand on to.
        tell: told a `DeviceChanged` once for each sink that fails, on the thread that captured.
    """

    def __init__(self, sinks: Sequence[Sink] = (), tell: Callable[[DeviceChanged], None] = lambda _event: None) -> None:
        self._sinks = list(sinks)
        self._later = [sink for sink in sinks if isinstance(sink, DecidesLater)]
        self._tell = tell
        self._lock = threading.Lock()

    def frame(self, frame: Frame) -> None:
        """See `Sink.frame`."""
        self._each(lambda sink: sink.frame(frame))

    def sound(self, block: AudioBlock) -> None:
        """See `Sink.sound`."""
        self._each(lambda sink: sink.sound(block))

    def gap(self, start_s: float, end_s: float, reason: str) -> None:
        """See `Sink.gap`."""
        self._each(lambda sink: sink.gap(start_s, end_s, reason))

    def close(self) -> None:
        """See `Sink.close`; may be called again, and does nothing then."""
        self._each(lambda sink: sink.close())
        with self._lock:
            self._sinks = []

    def decide(self, keeps: bool) -> None:
        """Tell those who wait for it whether anything may be kept, and wait for them."""
        for sink in self._later:
            sink.decide(keeps)
        for sink in self._later:
            sink.join(DECIDED_S)

    def drop(self) -> None:
        """Somebody took back what they agreed to: nothing more is taken, and what was not kept yet goes."""
        for sink in self._later:
            sink.decide(False)
        self.close()

    def _each(self, give: Callable[[Sink], None]) -> None:
        with self._lock:
            sinks = list(self._sinks)
        for sink in sinks:
            try:
                give(sink)
            except Exception as error:  # whatever breaks in a recording must not end the conversation
                self._drop(sink, error)

    def _drop(self, sink: Sink, error: Exception) -> None:
        with self._lock:
            if sink not in self._sinks:
                return
            self._sinks.remove(sink)
        _log.error("a sink failed and is left out: %s", error)
        told = error if isinstance(error, EmoAsstError) else EmoAsstError(f"The recording stopped: {error}.", "")
        self._tell(DeviceChanged("recording", "lost", told.message, told.next_step or "The conversation goes on without it."))
