"""`emoasst bench cues`: hundreds of spliced changes, and ten minutes of calm faces, faster than real time."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from emoasst_core.config import AnalysisOptions

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
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of every random choice (default: 0)")


def bench_cues(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure and print.

    Raises:
        EmoAsstError: a clip or model cannot be used.
    """
    from emoasst_core.capture.clip_reel import read_reel
    from emoasst_core.evaluation.neutral_gate import play_neutral
    from emoasst_core.evaluation.replayed_scenes import ReplayedPipelines, load_scene
    from emoasst_core.evaluation.spliced_changes import figures, lost_delays, play_changes
    from emoasst_core.session.live_meter import percentiles

    scenes = [load_scene(stretch) for stretch in read_reel([arguments.scenes], arguments.folder)]
    pipelines = ReplayedPipelines(arguments.profile, AnalysisOptions(transcribe=False))
    same = play_changes(scenes, pipelines, arguments.draws, arguments.seed)
    other = play_changes(scenes, pipelines, arguments.other_draws, arguments.seed, same_face=False)
    lost = lost_delays(scenes, pipelines, min(20, arguments.draws), arguments.seed)
    measured: dict[str, Any] = {
        "same_face": figures(same),
        "another_face": figures(other),
        "face_lost": {**percentiles([one for one in lost if one is not None]), "missed": lost.count(None)},
        "seed": arguments.seed,
    }
    if arguments.neutral_minutes > 0:
        measured["neutral"] = play_neutral(scenes, pipelines, 60 * arguments.neutral_minutes, arguments.seed)
    _print(measured)
    return measured


def _print(measured: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="From the onset of a change to its cue: the evidence the policy waits for, without the machine's part")
    for heading in ("change", "n", "p50", "p95", "p99", "missed"):
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
            table.add_row(name, str(row["n"] + row["missed"]), *shown, str(row["missed"]))
    console = Console()
    console.print(table)
    neutral = measured.get("neutral")
    if neutral:
        console.print(
            f"{neutral['minutes']:.1f} minutes of calm faces: {neutral['false_clear_negative']} false clear cues of anger, "
            f"disgust, fear or sadness (at most {neutral['limit']}: {neutral['verdict']}); cues shown: {neutral['cues']}."
        )
