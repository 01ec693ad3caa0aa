"""The window on a slow disk, and the whole program over hours."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import psutil

from tests.faults.disk_replay import can_trace
from tests.faults.live_session import LiveSession
from tests.faults.row import ROOT, Outcome, Row, child_environment, not_run

DELAY_S = 2.0


def slow_disk(home: Path, tries: int) -> Outcome:
    """Every fsync takes two seconds longer while the window shows a recorded session; `tries` seconds long."""
    mark = "window's timer late by p99 < 50 ms, at most 200 ms"
    if not can_trace():
        return not_run("strace is not here or may not be used", mark)
    usual = _window(home / "usual", tries, [])
    delay = f"inject=fsync,fdatasync:delay_enter={round(1e6 * DELAY_S)}"
    slow = _window(home / "slow", tries, ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-e", delay])
    num_delayed = (home / "slow" / "strace.log").read_text(errors="replace").count("(DELAYED)")
    figure = (
        f"{num_delayed} times delayed; late p50 {slow['p50']:.1f}, p99 {slow['p99']:.0f}, at most {slow['max']:.0f} ms "
        f"(usual disk: p50 {usual['p50']:.1f}, "
        f"p99 {usual['p99']:.0f}, at most {usual['max']:.0f}); {slow['sound_lost_s']:.1f} s of sound lost, n {slow['ticks']}"
    )
    return Outcome(num_delayed > 0 and slow["p99"] < 50 and slow["max"] < 200, figure, mark, tries)


def _window(home: Path, length_s: int, before: list[str]) -> dict[str, float]:
    home.mkdir(parents=True)
    log = ["-o", str(home / "strace.log")] if before else []
    result = subprocess.run(
        [*before, *log, sys.executable, "-m", "tests.faults.window_child", str(length_s)],
        env=child_environment(home), capture_output=True, text=True, cwd=ROOT, timeout=length_s * 3 + 300,
    )  # fmt: skip
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if "the window stalls" in result.stderr:
        sys.stderr.write(result.stderr[-4000:])
    if not lines:
        raise RuntimeError(result.stderr[-2000:])
    found: dict[str, float] = json.loads(lines[-1])
    return found


def soak(home: Path, tries: int) -> Outcome:
    """A recorded session of `tries` seconds in real time; slopes of what the program holds, from its second half.

    The pass marks are per hour; a short run says little about them, and its figure says how long it was.
    """
    mark = "heap under 1 MB/h, memory under 5 MB/h, handles and threads level"
    process, samples = psutil.Process(), []
    gc.collect()
    tracemalloc.start()
    try:
        with LiveSession(home) as session:
            began = time.monotonic()
            while (now_s := time.monotonic() - began) < tries:
                session.events.clear()
                gc.collect()
                files = getattr(process, "num_fds", process.num_threads)()  # Windows counts otherwise
                heap, memory = tracemalloc.get_traced_memory()[0], process.memory_info().rss
                samples.append((now_s, heap, memory, files, process.num_threads()))
                time.sleep(min(2.0, tries / 30))
    finally:
        tracemalloc.stop()
    rows = np.array(samples, float)[len(samples) // 2 :]
    heap_slope, memory_slope = (np.polyfit(rows[:, 0], rows[:, column], 1)[0] * 3600 / 1e6 for column in (1, 2))
    level = all(rows[-5:, column].max() <= rows[:5, column].max() for column in (3, 4))
    figure = (
        f"{tries / 60:.1f} min: heap {heap_slope:+.1f} MB/h, memory {memory_slope:+.1f} MB/h, handles and threads level: {level}"
    )
    passed = bool(heap_slope < 1 and memory_slope < 5 and level)
    return Outcome(passed, figure, mark, tries)


ROWS = (
    Row("slow disk (fsync +2 s; seconds)", slow_disk, 0, 60, is_timed=True),
    Row("soak (seconds of real time)", soak, 0, 28_800, is_timed=True),
)
