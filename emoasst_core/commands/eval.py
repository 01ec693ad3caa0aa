"""`emoasst eval`: how often a model is right on labelled clips, with the figures that keep it honest."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

from emoasst_core.errors import ConfigError

EXAMPLE: Final = """examples:
  emoasst eval --manifest clips.csv --modality face --json face.json
  emoasst eval --manifest clips.csv --modality fused --profile starter --cache family.sqlite --json fused.json

The csv has the columns path and emotion, and may have speaker, text, start_s and end_s. Pictures, sound and video may be mixed; a
face picture may be a tight crop. A row that cannot be read counts as wrong and is listed under "errors".
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "eval",
        help="measure a model on labelled clips",
        description="Scores a model on a csv of labelled clips.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--manifest", type=Path, required=True, metavar="CSV", help="labelled clips")
    parser.add_argument("--modality", required=True, choices=("face", "voice", "words", "fused"), help="what to read of them")
    parser.add_argument("--profile", default="starter", metavar="NAME", help="model to use (default: starter)")
    parser.add_argument("--cache", type=Path, metavar="DB", help="database whose shots are used (default: none)")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="also write every row's probabilities")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Score the manifest and write the figures.

    Raises:
        EmoAsstError: the manifest or the model cannot be used, or the shots belong to another model.
    """
    from rich.console import Console
    from rich.progress import Progress

    from emoasst_core.config import AnalysisOptions
    from emoasst_core.evaluation.embedding_source import EmbeddingSource
    from emoasst_core.evaluation.manifest_run import read_eval_manifest, run_manifest
    from emoasst_core.session.pipeline_factory import find_detector, load_recogniser, read_shots

    console = Console(stderr=True, highlight=False)
    rows = read_eval_manifest(arguments.manifest)
    if arguments.cache is not None and not arguments.cache.exists():
        raise ConfigError(f"There is no database {arguments.cache}.", "Leave --cache out to measure without a family's shots.")
    recogniser = load_recogniser(arguments.profile)
    recogniser.use_shots(read_shots(arguments.cache, recogniser.encoder_hash))
    source = EmbeddingSource(recogniser, find_detector(AnalysisOptions()))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Reading clips", total=len(rows))
        figures, probs, _ = run_manifest(source, rows, arguments.modality, lambda: progress.advance(task))
    figures |= {"profile": arguments.profile, "encoder_hash": recogniser.encoder_hash, **_intervals(rows, probs, arguments.seed)}
    write_json(arguments.json, figures)
    if arguments.predictions:
        _write_predictions(arguments.predictions, rows, probs)
    console.print(_line(figures))
    return 0


def _intervals(rows: Any, probs: Any, seed: int) -> dict[str, Any]:
    import numpy as np

    from emoasst_core.evaluation.bootstrap import bootstrap_intervals

    labels = np.array([row.label for row in rows])
    predictions = np.where(np.isfinite(probs).all(1), np.nan_to_num(probs, nan=-1.0).argmax(1), -1)
    groups = [row.speaker or str(number) for number, row in enumerate(rows)]
    return {"interval_95": bootstrap_intervals(labels, predictions, groups, seed=seed), "seed": seed}


def _write_predictions(path: Path, rows: Any, probs: Any) -> None:
    import csv

    from emoasst_core.emotions import EMOTIONS

    with open(path, "w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["path", "emotion", "predicted", *EMOTIONS])
        for row, values in zip(rows, probs, strict=True):
            predicted = EMOTIONS[int(values.argmax())] if values[0] == values[0] else ""
            writer.writerow([row.clip.path, EMOTIONS[row.label], predicted, *(f"{value:.4f}" for value in values)])


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write figures through a temporary name, so that a reader never sees half of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".writing")
    temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(path)


def _line(figures: dict[str, Any]) -> str:
    low, high = figures["interval_95"]["accuracy"]
    return (
        f"{figures['n']} clips: accuracy {figures['accuracy']:.3f} ({low:.3f} to {high:.3f}), UAR {figures['uar']:.3f}, "
        f"macro F1 {figures['macro_f1']:.3f}, always the commonest {figures['majority_accuracy']:.3f}, "
        f"calibration error {figures['ece']:.3f}, covered {figures['coverage']:.0%}, errors {len(figures['errors'])}"
    )
