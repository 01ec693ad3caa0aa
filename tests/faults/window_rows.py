"""The window on a slow disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.faults.disk_replay import can_trace
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


ROWS = (Row("slow disk (fsync +2 s; seconds)", slow_disk, 0, 60, is_timed=True),)
