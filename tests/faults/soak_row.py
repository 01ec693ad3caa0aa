"""Session after session in one program, ten times as fast as life: what it holds must stay level.

The clock of the sessions runs ten times as fast, and the devices deliver ten times as much: pictures, sound, readings, cues,
records and files of hours. Whatever is held is looked at between two sessions, when nothing runs, so that what one session
itself needs is left out.
"""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil
from scipy.stats import theilslopes

from emoasst_core.clock import SessionClock
from emoasst_core.datatypes import SAMPLE_RATE_HZ
from emoasst_core.session.live_intake import LiveIntake
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.runner import SessionRunner
from tests.faults.live_session import BLOCK_S, RATE_HZ, Camera, Microphone, wait_for
from tests.faults.row import Outcome, Row

SPEED = 10.0
SESSION_S = 300.0  # of its own time: half a minute in real time
WARM_UP = 0.34  # of the sessions are left out: models, code and caches are loaded, and pools of memory find their size
MIN_SESSIONS = 6  # after the warm-up: a slope through fewer says nothing
MARK = "per hour of session time: heap under 1 MB, memory under 5 MB in each process; handles and threads level"


class FastClock(SessionClock):
    """Session time that passes ten times as fast."""

    def now_s(self) -> float:
        return SPEED * super().now_s()


class FastCamera(Camera):
    rate_hz = SPEED * RATE_HZ


class FastMicrophone(Microphone):
    speed = SPEED


@dataclass(frozen=True)
class Slope:
    """By Theil and Sen, per hour of session time, with its 95 % interval."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


def slope_per_h(values: list[float]) -> Slope:
    """Of values one session apart, the warm-up left out."""
    kept = values[round(WARM_UP * len(values)) :]
    found = theilslopes(kept, SESSION_S / 3600 * np.arange(len(kept)), 0.95)
    return Slope(found.slope, found.low_slope, found.high_slope)


def soak(home: Path, tries: int) -> Outcome:
    """Sessions for `tries` seconds of real time; prints what each process holds and how it changes."""
    tracemalloc.start()
    held: dict[str, list[float]] = {}
    runner = SessionRunner(
        lambda _event: None, database_path=home / "emoasst.sqlite", sessions_folder=home / "sessions",
        factory="tests.faults.slow_pipelines:open_like_models",
    )  # fmt: skip
    try:
        with patch("emoasst_core.session.transport.SessionClock", FastClock):
            began, num_sessions = time.monotonic(), 0
            while time.monotonic() - began < tries:
                _session(runner)
                num_sessions += 1
                _look(held, runner)
    finally:
        runner.close()
        tracemalloc.stop()
    return _outcome(held, num_sessions, time.monotonic() - began)


def _session(runner: SessionRunner) -> None:
    analysed = runner.status().frames_analysed
    runner.start_intake(LiveIntake(FastCamera, FastMicrophone, RATE_HZ), SessionPlan(("p-00000001",), keeps_recording=True))
    wait_for(lambda: runner.status().frames_analysed not in (0, analysed))
    time.sleep(SESSION_S / SPEED)
    runner.stop()
    if not runner.wait(120):
        raise TimeoutError("a session did not end")
    # up to 90 pictures (20 MB) may still wait for the encoder on a busy machine: they are the session's own, and no growth
    wait_for(lambda: all(thread.name != "recorder" for thread in threading.enumerate()))


def _look(held: dict[str, list[float]], runner: SessionRunner) -> None:
    """Note what each process holds now that nothing runs."""
    gc.collect()
    note: Any = lambda name, value: held.setdefault(name, []).append(float(value))  # noqa: E731
    note("heap of the window (MB)", tracemalloc.get_traced_memory()[0] / 1e6)
    for name, number in (("window", None), ("models", runner.worker_process_id)):
        process = psutil.Process(number)
        note(f"memory of the {name} (MB)", process.memory_info().rss / 1e6)
        note(f"handles of the {name}", getattr(process, "num_fds", process.num_threads)())  # Windows counts otherwise
        note(f"threads of the {name}", process.num_threads())


def _outcome(held: dict[str, list[float]], num_sessions: int, real_s: float) -> Outcome:
    kept = num_sessions - round(WARM_UP * num_sessions)
    hours = num_sessions * SESSION_S / 3600
    if kept < MIN_SESSIONS:
        return Outcome(None, f"only {num_sessions} sessions in {real_s / 60:.1f} min: too few for a slope", MARK, round(real_s))
    slopes = {name: slope_per_h(values) for name, values in held.items()}
    limits = {name: 1.0 if name.startswith("heap") else 5.0 for name in held if "(MB)" in name}
    is_level = {name: values[-1] <= values[round(WARM_UP * len(values))] for name, values in held.items() if name not in limits}
    passed = all(slopes[name].middle < limit for name, limit in limits.items()) and all(is_level.values())
    told = [f"{name} {held[name][-1]:.0f}, {slopes[name]} per hour" for name in limits]
    told += [f"{name} {held[name][0]:.0f} to {held[name][-1]:.0f}" for name in is_level]
    figure = f"{num_sessions} sessions, {hours:.1f} h in {real_s / 60:.0f} min: {'; '.join(told)}"
    return Outcome(passed, figure, MARK, round(real_s))


ROWS = (Row("soak (seconds, ten times as fast as life)", soak, 0, 1_800),)
assert BLOCK_S * SAMPLE_RATE_HZ % SPEED == 0, "blocks keep their length; only their pace changes"
