"""A real session from devices that a test can break: capture threads, model process, recorder and database are the product's."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import DeviceError
from emoasst_core.session.events import DeviceChanged, SessionEvent, SlowChanged
from emoasst_core.session.live_intake import LiveIntake
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.runner import SessionRunner
from emoasst_core.session.wake_watch import WakeWatch
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from tests.faults.row import ROOT

sys.path.insert(0, str(ROOT / "tests" / "core" / "session"))  # also of the model process: colour_pipeline

BLOCK_S = 0.1
RATE_HZ = 10.0
WAIT_S = 90.0


class Camera:
    """Pictures of one colour; `fault` breaks all cameras at once: "lost", "stale", "blocked", or "" for none."""

    fault = ""
    rate_hz = RATE_HZ

    def __init__(self) -> None:
        if Camera.fault == "lost":
            raise DeviceError("The camera is not there.", "Check its plug.")
        self._closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        image = np.full((240, 320, 3), (30, 170, 40), np.uint8)
        number = 0
        while not self._closed.wait(1 / self.rate_hz):
            if Camera.fault == "lost":
                raise DeviceError("The camera was unplugged.", "Check its plug.")
            while Camera.fault == "blocked":  # a driver that does not answer, not even to being closed
                time.sleep(0.05)
            if Camera.fault == "stale":
                continue
            number += 1
            yield Frame(0.0, np.roll(image, number, 1))

    def close(self) -> None:
        self._closed.set()


class Microphone:
    """A tone in real time, by the clock: what the reader does not take in time waits, as in a driver's buffer.

    `fault` breaks all microphones at once: "lost", or "" for none.
    """

    fault = ""
    speed = 1.0  # blocks come so many times as fast as they were heard

    def __init__(self) -> None:
        self._complain()
        self._closed = threading.Event()

    @staticmethod
    def _complain() -> None:
        if Microphone.fault == "lost":
            raise DeviceError("The microphone was unplugged.", "Check its plug.")

    def blocks(self) -> Iterator[AudioBlock]:
        length = round(BLOCK_S * SAMPLE_RATE_HZ)
        tone = (0.2 * np.sin(2 * np.pi * 220 * np.arange(length) / SAMPLE_RATE_HZ)).astype(np.float32)
        began, number = time.monotonic(), 0
        while not self._closed.wait(max(0.0, began + number * BLOCK_S / self.speed - time.monotonic())):
            self._complain()
            number += 1
            yield AudioBlock(0.0, tone)

    def close(self) -> None:
        self._closed.set()


class LiveSession:
    """Runs from `with` to its end, recorded and encrypted."""

    def __init__(self, home: Path, factory: str = "colour_pipeline:open_pipeline", watch: WakeWatch | None = None) -> None:
        Camera.fault = ""
        self.events: list[tuple[float, SessionEvent]] = []
        self.path = home / "emoasst.sqlite"
        self.runner = SessionRunner(self._take, database_path=self.path, sessions_folder=home / "sessions", factory=factory)
        self._intake = LiveIntake(Camera, Microphone, RATE_HZ, watch)
        self.session_id = ""

    def __enter__(self) -> LiveSession:
        self.runner.start_intake(self._intake, SessionPlan(("p-00000001",), keeps_recording=True))
        wait_for(lambda: self.runner.status().frames_analysed > 3)
        return self

    def __exit__(self, *_error: object) -> None:
        Camera.fault = ""
        self.runner.stop()
        self.runner.wait(WAIT_S)
        self.session_id = self.runner._run.session_id
        self.status = self.runner.status()
        self.runner.close()

    def told(self, state: str, after_s: float) -> float | None:
        """When the camera was told to be in that state, after a moment."""
        for moment_s, event in list(self.events):
            if isinstance(event, DeviceChanged) and event.kind == "camera" and event.state == state and moment_s >= after_s:
                return moment_s
        return None

    @property
    def slow_changes(self) -> list[SlowChanged]:
        return [event for _, event in self.events if isinstance(event, SlowChanged)]

    def recorded(self) -> tuple[float, float, list[dict[str, object]], int]:
        """(seconds of sound, seconds of sound missing in between, gap rows, files) of what was kept; the session is over."""
        wait_for(lambda: not self._unfinished())
        with Database(self.path) as database:
            vault = MediaVault(database)
            total_s = missing_s = 0.0
            ends_s: float | None = None
            for segment in vault.segments(self.session_id):
                with vault.open(self.session_id, segment.number) as reader, av.open(reader) as film:
                    for frame in film.decode(film.streams.audio[0]):
                        start_s, length_s = segment.start_s + float(frame.time), frame.samples / frame.sample_rate
                        if ends_s is not None and start_s - ends_s > 0.03:  # Opus has 20 ms frames
                            missing_s += start_s - ends_s
                        ends_s, total_s = start_s + length_s, total_s + length_s
            gaps = database.rows("SELECT reason, start_s, end_s FROM gaps WHERE session_id = ?", (self.session_id,))
            return total_s, missing_s, gaps, len(vault.segments(self.session_id))

    def _unfinished(self) -> list[str]:
        with Database(self.path) as database:
            return MediaVault(database).unfinished()

    def _take(self, event: SessionEvent) -> None:
        self.events.append((time.monotonic(), event))


def wait_for(is_so: object, limit_s: float = WAIT_S) -> float:
    """Seconds until something is so.

    Raises:
        TimeoutError: it did not become so.
    """
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > limit_s:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.02)
    return time.monotonic() - began
