"""Faults while a session runs: the model process, the camera, a slow machine, sleep."""

from __future__ import annotations

import os
import random
import signal
import statistics
import time
from pathlib import Path

from emoasst_core.session.mailbox import MAX_SOUND_S
from emoasst_core.session.message import DEFAULT_FACTORY
from emoasst_core.session.wake_watch import WakeWatch
from emoasst_core.store.lock import Lock
from tests.core.capture.drifting_card import drift
from tests.faults.live_session import BLOCK_S, Camera, LiveSession, wait_for
from tests.faults.row import Outcome, Row

LOST_SOUND_S = 0.15  # the encoder pads and primes by less than two blocks


def model_process_breaks(home: Path, tries: int) -> Outcome:
    """Kill the model process, or freeze it, while a session is recorded and a second one stands by with its models loaded."""
    return _breaks(home, tries, "tests.faults.slow_pipelines:open_like_models", is_spare_there=True)


def model_process_breaks_soon(home: Path, tries: int) -> Outcome:
    """The same with the bundled models within a second of a start: whatever stands by has not loaded them yet."""
    return _breaks(home, tries, DEFAULT_FACTORY, is_spare_there=False)


def _breaks(home: Path, tries: int, factory: str, is_spare_there: bool) -> Outcome:
    """Four times in each session: after five losses a session gives up."""
    chance, lost_s = random.Random(6), 0.0
    waits: dict[signal.Signals, list[float]] = {signal.SIGKILL: [], signal.SIGSTOP: []}
    for first in range(0, tries, 4):
        with LiveSession(home / str(first), factory) as session:
            for number in range(first, min(tries, first + 4)):
                if is_spare_there:
                    wait_for(lambda: session.runner._worker.is_spare_ready)
                time.sleep(chance.uniform(0.0, 1.0))
                how = signal.SIGSTOP if number % 2 else signal.SIGKILL
                restarts, began = session.runner.status().worker_restarts, time.monotonic()
                os.kill(session.runner.worker_process_id, how)
                _analyses_again(session, restarts)
                waits[how].append(time.monotonic() - began)
            time.sleep(1.0)
            captured_s = session.runner.status().sound_blocks * BLOCK_S
        total_s, missing_s, _, _ = session.recorded()
        lost_s = max(lost_s, max(0.0, captured_s - total_s) + missing_s)
    worst = [max(times, default=0.0) for times in waits.values()]
    median = [statistics.median(times or [0.0]) for times in waits.values()]
    figure = (
        f"analysing again after at most {worst[0]:.1f} s (killed; median {median[0]:.1f}), {worst[1]:.1f} s "
        f"(frozen; median {median[1]:.1f}); at most {lost_s:.2f} s of sound lost in a session, of {tries}"
    )
    return Outcome(max(worst) <= 3 and lost_s <= LOST_SOUND_S, figure, "3 s, recording goes on", tries)


def _analyses_again(session: LiveSession, restarts: int) -> None:
    """Wait for another process, and for its first picture."""
    wait_for(lambda: session.runner.status().worker_restarts > restarts)
    so_far = session.runner.status().frames_analysed
    wait_for(lambda: session.runner.status().frames_analysed > so_far)


def camera_breaks(home: Path, tries: int) -> Outcome:
    """The camera is unplugged, delivers nothing, or its driver hangs; then it is back."""
    noticed, back = [], []
    with LiveSession(home) as session:
        for number in range(tries):
            time.sleep(0.5)
            began = time.monotonic()
            Camera.fault = ("lost", "stale", "blocked")[number % 3]
            wait_for(lambda at=began: session.told("lost", at), 20)
            noticed.append(session.told("lost", began) - began)
            time.sleep(1.5)
            returned = time.monotonic()
            Camera.fault = ""
            wait_for(lambda at=returned: session.told("back", at), 20)
            back.append(session.told("back", returned) - returned)
        captured_s = session.runner.status().sound_blocks * BLOCK_S
    total_s, missing_s, gaps, _ = session.recorded()
    lost_s = max(0.0, captured_s - total_s) + missing_s
    num_gaps = sum(gap["reason"] == "camera lost" for gap in gaps)
    figure = (
        f"noticed within {max(noticed):.2f} s, back within {max(back):.2f} s, {lost_s:.2f} s of sound lost, "
        f"{num_gaps} gap rows of {tries}"
    )
    passed = max(noticed) <= 2 and max(back) <= 5 and lost_s <= LOST_SOUND_S and num_gaps == tries
    return Outcome(passed, figure, "2 s, 0 sound lost, back within 5 s", tries)


def analysis_too_slow(home: Path, tries: int) -> Outcome:
    """Every picture takes a second, ten times what there is for it; `tries` seconds long."""
    most_waiting, began = 0, time.monotonic()
    with LiveSession(home, "tests.faults.slow_pipelines:open_slow") as session:
        while time.monotonic() - began < tries:
            time.sleep(0.1)
            most_waiting = max(most_waiting, session.runner.status().sound_waiting)
        status = session.runner.status()
        captured_s = status.sound_blocks * BLOCK_S
    total_s, missing_s, _, _ = session.recorded()
    lost_s = session.status.sound_lost_s + max(0.0, captured_s - total_s) + missing_s
    unaccounted = session.status.frames_offered - session.status.frames_analysed - session.status.frames_dropped
    is_shown = any(change.is_slow for change in session.slow_changes)
    figure = (
        f"{lost_s:.2f} s of sound lost, at most {most_waiting} blocks waited, {session.status.frames_dropped} of "
        f"{session.status.frames_offered} pictures dropped and counted ({unaccounted} not), shown: {is_shown}"
    )
    passed = lost_s <= LOST_SOUND_S and most_waiting <= MAX_SOUND_S / BLOCK_S and unaccounted in (0, 1) and is_shown
    return Outcome(passed and session.status.frames_dropped > 0, figure, "0 sound lost, bounded, counted and shown", tries)


def asleep(home: Path, tries: int) -> Outcome:
    """The clocks jump as they do in sleep, or as somebody sets them, in the middle of a recorded session."""
    ahead_s = [0.0]
    watch = WakeWatch(clock_s=lambda: time.time() + ahead_s[0])
    lock, locked = Lock(), 0
    with LiveSession(home, watch=watch) as session:
        for number in range(tries):
            lock.open(time.monotonic())
            lock.tick(time.monotonic(), time.time() + ahead_s[0])
            time.sleep(1.3)
            ahead_s[0] += -7200 if number % 2 else 7200
            time.sleep(1.3)
            locked += lock.tick(time.monotonic(), time.time() + ahead_s[0])
        captured_s = session.runner.status().sound_blocks * BLOCK_S
    total_s, missing_s, gaps, num_files = session.recorded()
    reasons = [str(gap["reason"]) for gap in gaps]
    expected = ["clock" if number % 2 else "sleep" for number in range(tries)]
    lost_s = max(0.0, captured_s - total_s) + missing_s
    figure = f"{len(reasons)} gap rows, {num_files - 1} new files, locked {locked} of {tries}; {lost_s:.2f} s of sound lost"
    passed = reasons == expected and num_files == tries + 1 and locked == tries and lost_s <= LOST_SOUND_S * (tries + 1)
    return Outcome(passed, figure, "a gap row, a new file, locked", tries)


def clocks_drift(_home: Path, tries: int) -> Outcome:
    """A sound card whose crystal is 200 ppm slow or fast for eight virtual hours each; stamps in time, or late by up to 30 ms."""
    kinds = [(ppm, late_s) for late_s in (0.0, 0.030) for ppm in (-200.0, 200.0)]
    worst_s = 0.0
    for number in range(tries):
        ppm, late_s = kinds[number % len(kinds)]
        worst_s = max(worst_s, drift(ppm, 8.0, late_s, seed=number).worst_s)
    usual_s = drift(200.0, 8.0, is_steered=False).worst_s
    figure = f"sound beside the clock by at most {1000 * worst_s:.0f} ms ({usual_s:.1f} s without the steering)"
    return Outcome(worst_s <= 0.040, figure, "40 ms", tries)


ROWS = (
    Row("model process killed or frozen while recording", model_process_breaks, 2, 40, is_timed=True),
    Row("bundled models' process killed or frozen soon after its start", model_process_breaks_soon, 0, 20, is_timed=True),
    Row("camera lost, stale or blocked", camera_breaks, 3, 30, is_timed=True),
    Row("analysis ten times too slow (seconds)", analysis_too_slow, 8, 120, is_timed=True),
    Row("sleep, clock set", asleep, 2, 20, is_timed=True),
    Row("clocks drifting 200 ppm over 8 virtual hours", clocks_drift, 4, 100),
)
