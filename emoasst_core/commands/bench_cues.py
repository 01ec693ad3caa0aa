"""`emoasst bench cues`: hundreds of spliced changes, and ten minutes of calm faces, faster than real time."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emoasst_core.config import AnalysisOptions

if TYPE_CHECKING:
    from rich.progress import Progress

EXAMPLE: Final = """example:
  emoasst bench cues changes.json --folder clips --draws 120

The list names short scenes in which one expression is shown; those of one clip are spliced into changes of one face, and the
neutral ones are repeated with other crops, sizes and light until --neutral-minutes are full:
  {"stretches": [{"clip": "smile.mp4", "from_s": 1, "to_s": 3, "emotion": "joy"}]}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options to the command line."""
    parser.add_argument("scenes", type=Path, metavar="LIST", help="JSON list of scenes")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where the clips lie (default: beside the list)")
    parser.add_argument("--profile", default="starter", metavar="NAME", help="model to use (default: starter)")
    parser.add_argument("--draws", type=int, default=120, metavar="N", help="splices of one face (default: 120)")
    parser.add_argument("--other-draws", type=int, default=30, metavar="N", help="splices of two faces (default: 30)")
    parser.add_argument("--neutral-minutes", type=float, default=10.0, metavar="N", help="of calm faces (default: 10)")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="write down what each draw gave; a run that was stopped goes on from there"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of every random choice (default: 0)")


def bench_cues(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure and print.

    Raises:
        EmoAsstError: a clip or model cannot be used, or the kept results are of other settings.
    """
    from rich.console import Console

    from emoasst_core.capture.clip_reel import read_reel
    from emoasst_core.evaluation.kept_draws import KeptDraws
    from emoasst_core.evaluation.neutral_gate import num_views, play_neutral
    from emoasst_core.evaluation.replayed_scenes import ReplayedPipelines, load_scene
    from emoasst_core.evaluation.spliced_changes import figures, lost_delays, play_changes
    from emoasst_core.session.live_meter import percentiles
    from emoasst_core.session.worker_process import share_cores
    from emoasst_core.training.progress_bars import training_progress

    share_cores()  # as the model process does
    seed, neutral_s = arguments.seed, 60 * arguments.neutral_minutes
    num_lost = min(20, arguments.draws)
    totals = {
        "same face": arguments.draws,
        "another face": arguments.other_draws,
        "face lost": num_lost,
        "calm faces": num_views(neutral_s) if neutral_s > 0 else 0,
    }
    with training_progress(Console(stderr=True), True) as progress:
        steps = _steps(progress, totals)
        scenes = [load_scene(stretch) for stretch in read_reel([arguments.scenes], arguments.folder)]
        pipelines = ReplayedPipelines(arguments.profile, AnalysisOptions(transcribe=False))
        settings = {"list": arguments.scenes.read_text("utf-8"), "models": pipelines.encoder_hash, "seed": seed}
        kept = KeptDraws(arguments.keep, settings | {"options": asdict(pipelines.options)})
        same = play_changes(scenes, pipelines, arguments.draws, seed, kept=kept, on_done=steps["same face"])
        other = play_changes(
            scenes, pipelines, arguments.other_draws, seed, same_face=False, kept=kept, on_done=steps["another face"]
        )
        lost = lost_delays(scenes, pipelines, num_lost, seed, kept, steps["face lost"])
        measured: dict[str, Any] = {
            "same_face": figures(same),
            "another_face": figures(other),
            "face_lost": {**percentiles([one for one in lost if one is not None]), "missed": lost.count(None)},
            "seed": seed,
        }
        if neutral_s > 0:
            measured["neutral"] = play_neutral(scenes, pipelines, neutral_s, seed, kept, steps["calm faces"])
    _print(measured)
    return measured


def _steps(progress: Progress, totals: dict[str, int]) -> dict[str, Callable[[], None]]:
    """What moves the bar of each part on by one."""
    tasks = {name: progress.add_task(name, total=total, visible=total > 0, note="") for name, total in totals.items()}
    return {name: partial(progress.advance, task) for name, task in tasks.items()}


def _print(measured: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="From the onset of a change to its cue: the evidence the policy waits for, without the machine's part")
    for heading in ("change", "n", "p50", "p95", "p99", "missed", "held by the rates"):
        table.add_column(heading, justify="left" if heading == "change" else "right")
    rows = {
        "same face": measured["same_face"].get("all"),
        **{f"  {kind}": row for kind, row in measured["same_face"].items() if kind != "all"},
        "another face": measured["another_face"].get("all"),
        "face lost": measured["face_lost"],
    }
    for name, row in rows.items():
        if row:
            shown = [f"{row[part]:.2f} s" if row[part] is not None else "-" for part in ("p50", "p95", "p99")]
            table.add_row(name, str(row["n"] + row["missed"]), *shown, str(row["missed"]), str(row.get("held_by_rates", 0)))
    console = Console()
    console.print(table)
    neutral = measured.get("neutral")
    if neutral:
        console.print(
            f"{neutral['minutes']:.1f} minutes of calm faces: {neutral['false_clear_negative']} false clear cues of anger, "
            f"disgust, fear or sadness (at most {neutral['limit']}: {neutral['verdict']}); {neutral['feelings_per_minute']:.2f} "
            f"cues a minute of any feeling; cues shown: {neutral['cues']}."
        )
