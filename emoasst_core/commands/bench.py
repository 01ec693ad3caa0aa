"""`emoasst bench`: where the time goes, always beside a baseline measured in the same run."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from emoasst_core.commands.bench_cues import EXAMPLE as CUES_EXAMPLE
from emoasst_core.commands.bench_cues import add_arguments, bench_cues
from emoasst_core.commands.bench_live import EXAMPLE as LIVE_EXAMPLE
from emoasst_core.commands.bench_live import bench_live
from emoasst_core.evaluation.figures_file import require_file_writable, write_json
from emoasst_core.paths import demo_recording

EXAMPLE: Final = """examples:
  emoasst bench analyze
  emoasst bench analyze conversation.mp4 --repeat 3
  emoasst bench train
  emoasst bench live --seconds 30
  emoasst bench cues changes.json
  emoasst bench review
  emoasst bench models
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "bench",
        help="measure speed",
        description="Measures speed on this machine. Ratios are against a baseline measured in the same run.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    analyze = actions.add_parser("analyze", help="analyse a recording", epilog="example:\n  emoasst bench analyze talk.mp4")
    analyze.add_argument("recording", type=Path, nargs="?", metavar="CLIP", help="recording (default: the bundled demo)")
    analyze.add_argument("--profile", default="starter", metavar="NAME", help="model to use (default: starter)")
    analyze.add_argument("--repeat", type=int, default=1, metavar="N", help="analyse the clip N times and add up")
    analyze.add_argument("--no-words", action="store_true", help="do not transcribe")
    train = actions.add_parser(
        "train", help="one epoch of head training at MELD's size", epilog="example:\n  emoasst bench train"
    )
    models = actions.add_parser(
        "models", help="each model of a profile on one core", epilog="example:\n  emoasst bench models --repeat 100"
    )
    models.add_argument("--profile", default="starter", metavar="NAME", help="models to time (default: starter)")
    models.add_argument("--repeat", type=int, default=50, metavar="N", help="how often each is timed (default: 50)")
    review = actions.add_parser(
        "review",
        help="opening, seeking and painting a long session; answer to next cue",
        epilog="example:\n  emoasst bench review",
    )
    review.add_argument("--profile", default="starter", metavar="NAME", help="model to use (default: starter)")
    review.add_argument("--minutes", type=float, default=20.0, metavar="N", help="length of the session (default: 20)")
    review.add_argument("--shots", type=int, default=500, metavar="N", help="answers already given (default: 500)")
    review.add_argument("--points", type=int, default=36_000, metavar="N", help="rows per lane when painting (default: 36000)")
    review.add_argument("--repeat", type=int, default=50, metavar="N", help="how often each is timed (default: 50)")
    live = actions.add_parser(
        "live", help="clips in real time", epilog=LIVE_EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    live.add_argument("clips", type=Path, nargs="*", metavar="CLIP", help="recordings, or JSON lists (default: the bundled demo)")
    live.add_argument("--folder", type=Path, metavar="FOLDER", help="where the clips of lists lie (default: beside the list)")
    live.add_argument("--seconds", type=float, default=30.0, metavar="N", help="how long to play them in turn (default: 30)")
    live.add_argument("--profile", default="starter", metavar="NAME", help="model to use (default: starter)")
    live.add_argument("--no-words", action="store_true", help="do not transcribe")
    live.add_argument("--no-window", action="store_true", help="do not open the live page beside it")
    cues = actions.add_parser(
        "cues",
        help="from a change to its cue, over many spliced changes; calm faces",
        epilog=CUES_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(cues)
    benches = {
        analyze: _bench_analyze,
        cues: bench_cues,
        live: bench_live,
        models: _bench_models,
        review: _bench_review,
        train: _bench_train,
    }
    for part, function in benches.items():
        part.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
        part.set_defaults(run=run, bench=function)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    if arguments.json:
        require_file_writable(arguments.json)
    figures: dict[str, Any] = arguments.bench(arguments)
    if arguments.json:
        write_json(arguments.json, figures)
    return 0


def _bench_analyze(arguments: argparse.Namespace) -> dict[str, Any]:
    from rich.console import Console
    from rich.table import Table

    from emoasst_core.config import AnalysisOptions
    from emoasst_core.session.analyzer import Analyzer
    from emoasst_core.session.pipeline_factory import load_recogniser
    from emoasst_core.session.worker_process import share_cores

    share_cores()  # as `emoasst analyze` does
    path = arguments.recording or demo_recording()
    started = time.perf_counter()
    load_recogniser(arguments.profile)
    load_s = time.perf_counter() - started
    decode_s = _decode_only(path)
    seconds: dict[str, float] = {}
    calls: dict[str, int] = {}
    started = time.perf_counter()
    duration_s = 0.0
    for _ in range(arguments.repeat):
        analyzer = Analyzer(path, arguments.profile, None, AnalysisOptions(transcribe=not arguments.no_words))
        duration_s += analyzer.run().duration_s
        assert analyzer.pipeline is not None
        for stage, value in analyzer.pipeline.stages.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + value
            calls[stage] = calls.get(stage, 0) + analyzer.pipeline.stages.calls[stage]
    total_s = time.perf_counter() - started
    speed, baseline = duration_s / total_s, duration_s / max(decode_s * arguments.repeat, 1e-9)
    table = Table(title=f"{path.name}: {duration_s:.1f} s of recording in {total_s:.1f} s, {speed:.1f} times real time")
    for heading in ("stage", "seconds", "share", "calls", "ms per call"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage, value in sorted(seconds.items(), key=lambda item: -item[1]):
        table.add_row(stage, f"{value:.2f}", f"{value / total_s:.0%}", str(calls[stage]), f"{1000 * value / calls[stage]:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"Loading the models: {load_s:.1f} s. Baseline, decoding every frame and nothing else: {baseline:.0f} times real time."
    )
    return {
        "recording": path.name, "duration_s": duration_s, "total_s": total_s, "speed": speed, "load_s": load_s,
        "decode_only_speed": baseline, "share_of_decode_only": speed / baseline, "stages": seconds, "calls": calls,
    }  # fmt: skip


def _decode_only(path: Path) -> float:
    from emoasst_core.capture.media_file import MediaFile

    started = time.perf_counter()
    for _ in MediaFile(path):
        pass
    return time.perf_counter() - started


def _bench_train(_arguments: argparse.Namespace) -> dict[str, Any]:
    from emoasst_core.evaluation.bench_train import bench_train
    from emoasst_core.training.core_sharing import share_cores

    share_cores()
    print("An epoch of both heads on 9,989 made-up clips, then their plain form: some minutes, 2.7 GB of disk.", file=sys.stderr)
    figures: dict[str, Any] = bench_train()
    print(json.dumps(figures, indent=1))
    return figures


def _bench_models(arguments: argparse.Namespace) -> dict[str, Any]:
    from emoasst_core.evaluation.bench_models import bench_models

    figures: dict[str, Any] = bench_models(arguments.profile, max(1, arguments.repeat))
    print(json.dumps(figures, indent=1))
    return figures


def _bench_review(arguments: argparse.Namespace) -> dict[str, Any]:
    from emoasst_core.commands.review_figures import bench_review

    figures: dict[str, Any] = bench_review(
        arguments.profile, arguments.minutes, arguments.shots, arguments.points, arguments.repeat
    )
    return figures
