"""`emoasst bench live`: clips in real time through the very runner of the window, and what it costs."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from emoasst_core.commands.live_targets import verdicts
from emoasst_core.config import AnalysisOptions
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.events import RunState, SessionEvent, SessionFailed, StateChanged

NUM_NAIVE_WINDOWS = 6
LOAD_S = 240.0

EXAMPLE = """examples:
  emoasst bench live --seconds 30
  emoasst bench live talk.mp4 smile.mp4 --seconds 600 --json live.json
  emoasst bench live changes.json          clips spliced so that the changes are known:
    {"stretches": [{"clip": "smile.mp4", "from_s": 1, "to_s": 3, "lasts_s": 10, "emotion": "joy"}]}
"""


class LiveBench:
    """One measured session.

    Args:
        paths: clips, or lists of them.
        seconds: how long to play.
        profile: name or folder of the models.
        options: how to analyse.
        folder: where the clips of lists lie; None for beside them.
    """

    def __init__(
        self, paths: list[Path], seconds: float, profile: str, options: AnalysisOptions, folder: Path | None = None
    ) -> None:
        from emoasst_core.capture.clip_reel import ClipReel, read_reel
        from emoasst_core.session.live_meter import LiveMeter
        from emoasst_core.session.reel_intake import ReelIntake

        self._reel = ClipReel(read_reel(paths, folder), seconds)
        self._intake = ReelIntake(self._reel, options.faces.analysis_rate_hz)
        self._profile, self._options = profile, options
        self.meter = LiveMeter(self._now_s, options.cues)
        self._ended = threading.Event()
        self._begun = threading.Event()
        self._failure: SessionFailed | None = None

    def take(self, event: SessionEvent) -> None:
        """Every event, where the window gets it."""
        if isinstance(event, SessionFailed):
            self._failure = event
        if isinstance(event, StateChanged):
            if event.state is RunState.RUNNING:
                self._begun.set()
            if event.state in (RunState.IDLE, RunState.FAILED):
                self._ended.set()
        self.meter.take(event)

    def run(self, runner: Any) -> dict[str, Any]:
        """Play the reel through a runner; the figures."""
        from emoasst_core.session.process_usage import ProcessUsage

        runner.options = self._options
        runner.start_intake(self._intake)
        if not self._begun.wait(LOAD_S):
            raise self._failed()
        usage = ProcessUsage(lambda: runner.jobs)
        usage.start()
        while not self._ended.wait(0.2) and self._now_s() < self._reel.duration_s:
            pass
        used = usage.stop()
        status = runner.status()
        if not self._ended.wait(LOAD_S) or self._failure is not None:
            raise self._failed()
        return {
            "seconds": self._reel.duration_s,
            **self.meter.figures(),
            **self.meter.onset_to_cue(self._reel.changes),
            "frames": {
                "offered": status.frames_offered,
                "analysed": status.frames_analysed,
                "dropped": status.frames_dropped,
                "rate_hz": status.rate_hz,
                "is_slow": status.is_slow,
            },
            "sound": {"blocks": status.sound_blocks, "lost_s": status.sound_lost_s},
            "worker_restarts": status.worker_restarts,
            **used,
        }

    def _now_s(self) -> float:
        return self._intake.transport.now_s() if self._intake.transport is not None else 0.0

    def _failed(self) -> EmoAsstError:
        failure = self._failure
        return EmoAsstError(failure.message, failure.next_step) if failure else EmoAsstError("The session did not end.", "")


def bench_live(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure and print.

    Raises:
        EmoAsstError: a clip or model cannot be used, or the session failed.
    """
    from emoasst_core.paths import demo_recording

    paths = arguments.clips or [demo_recording()]
    options = AnalysisOptions(transcribe=not arguments.no_words)
    bench = LiveBench(paths, arguments.seconds, arguments.profile, options, arguments.folder)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EMOASST_HOME"], home = folder, os.environ.get("EMOASST_HOME")
        try:
            figures = _in_window(bench, arguments.profile) if not arguments.no_window else _alone(bench, arguments.profile)
        finally:
            os.environ.pop("EMOASST_HOME") if home is None else os.environ.update(EMOASST_HOME=home)
    figures["naive"] = naive_ratio(arguments.profile, figures["frames"]["analysed"], options)
    figures["clips"] = [path.name for path in paths]
    figures["targets"] = {verdict.target.name: verdict.word for verdict in verdicts(figures)}
    _print(figures)
    return figures


def _in_window(bench: LiveBench, profile: str) -> dict[str, Any]:
    from emoasst_core.session.live_meter import percentiles

    try:
        from app.bench_window import measure_in_window  # brings Qt in: only now
    except ImportError:
        return _alone(bench, profile)
    figures, late_s = measure_in_window(profile, bench.run, bench.take)
    return {**figures, "window_timer_late_s": percentiles(late_s)}


def _alone(bench: LiveBench, profile: str) -> dict[str, Any]:
    from emoasst_core.session.runner import SessionRunner

    runner = SessionRunner(bench.take, profile=profile)
    try:
        return {**bench.run(runner), "window_timer_late_s": None}
    finally:
        runner.close()


def naive_ratio(profile: str, num_frames: int, options: AnalysisOptions) -> dict[str, Any]:
    """Encoder time of embedding each frame once, beside embedding all frames of every window anew; processor time.

    Both read as often: once for each analysed frame.
    """
    from emoasst_core.session.pipeline_factory import load_recogniser
    from emoasst_core.session.worker_process import share_cores

    share_cores()  # with as many threads as the model process
    recogniser = load_recogniser(profile)
    crops = list(np.random.default_rng(0).integers(0, 256, (options.windows.num_frames, 160, 160, 3), dtype=np.uint8))
    recogniser.embed_crops(crops[:1])
    once_s, naive_s = 0.0, 0.0
    for _ in range(NUM_NAIVE_WINDOWS):
        started_s = time.process_time()
        for crop in crops:
            recogniser.embed_crops([crop])
        middle_s = time.process_time()
        recogniser.embed_crops(crops)
        once_s += (middle_s - started_s) / len(crops)
        naive_s += time.process_time() - middle_s
    scale = num_frames / NUM_NAIVE_WINDOWS
    return {
        "embed_each_frame_once_s": round(once_s * scale, 3),
        "embed_every_window_anew_s": round(naive_s * scale, 3),
        "ratio": round(naive_s / max(once_s, 1e-9), 2),
    }


def _memory(figures: dict[str, Any]) -> str:
    """How much there is at the end, and how fast it grew after the warm-up: in all, then of each process."""
    slope, interval = figures["memory_slope_mb_per_h"], figures["memory_slope_interval_mb_per_h"]
    held = f"Memory: {figures['memory_mb']:.0f} MB, slope "
    if slope is None:
        return f"{held}not said for less than four minutes."
    each = ", ".join(
        f"{job} {middle:.1f} ({low:.1f} to {high:.1f})" for job, (middle, low, high) in figures["memory_slopes_mb_per_h"].items()
    )
    warm_up = f"after {figures['memory_warm_up_s']:.0f} s of warm-up"
    return f"{held}{slope:.1f} ({interval[0]:.1f} to {interval[1]:.1f}) MB/h {warm_up}: {each}."


def _print(figures: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{figures['seconds']:.0f} s of clips in real time")
    for heading in ("latency", "n", "p50", "p95", "p99"):
        table.add_column(heading, justify="left" if heading == "latency" else "right")
    for name, value in figures.items():
        if isinstance(value, dict) and "p50" in value:
            shown = [f"{1000 * value[part]:.0f} ms" if value[part] is not None else "-" for part in ("p50", "p95", "p99")]
            table.add_row(name.removesuffix("_s").replace("_", " "), str(value["n"]), *shown)
    goals = Table(title="Targets, for two cores and nothing else running")
    for heading in ("target", "limit", "measured", ""):
        goals.add_column(heading, justify="right" if heading in ("limit", "measured") else "left")
    for verdict in verdicts(figures):
        goal, value = verdict.target, verdict.value
        shown_value = "-" if value is None else f"{value:.3g}{goal.unit}"
        goals.add_row(goal.name, f"{'>=' if goal.is_least else '<='} {goal.limit:g}{goal.unit}", shown_value, verdict.word)
    frames, sound, naive = figures["frames"], figures["sound"], figures["naive"]
    console = Console()
    console.print(table)
    console.print(goals)
    console.print(
        f"Frames: {frames['offered']} offered, {frames['analysed']} analysed, {frames['dropped']} dropped; "
        f"at the end {frames['rate_hz']:.1f} a second{' (slow)' if frames['is_slow'] else ''}. "
        f"Sound lost: {sound['lost_s']:.1f} s. Changes not shown: {figures['changes_not_shown']}; "
        f"held back by the rates of the cue table: {figures['changes_held_by_rates']}; "
        f"on screen already: {figures['changes_shown_already']}.\n"
        f"Cores: {figures['cores']:.2f}. {_memory(figures)} "
        f"Restarts: {figures['worker_restarts']}.\n"
        f"Encoder time, every window embedded anew against each frame once: {naive['ratio']:.1f} to 1."
    )
