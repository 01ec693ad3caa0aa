"""`emoasst train`: fit a recipe on a data set, into a run folder that can be stopped and started again."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from emoasst_core.config import FaceOptions
from emoasst_core.errors import ConfigError
from emoasst_core.training.manifests.catalogue import READERS, open_manifest
from emoasst_core.training.manifests.check import check_manifest, describe

EXAMPLES = """examples:
  emoasst train --recipe emoasst --data my_clips.csv --out runs/first
  emoasst train --recipe emoasst --data MELD.Raw --vision models/emotionclip --audio models/segue --out runs/meld
  emoasst train --data my_clips.csv --check
  emoasst train --data MELD.Raw --out runs/tables --ablations --split test
  torchrun --nproc-per-node 4 -m emoasst_core.cli train --recipe emoasst --data MELD.Raw --out runs/meld

A run that was stopped, by whatever cause, goes on when the same command is given again."""
EXIT_UNUSABLE = 2


def add_parser(subparsers: Any) -> None:
    """Add the command to the program's parser."""
    parser = subparsers.add_parser(
        "train",
        help="train on your own or a known data set",
        description="Train the heads of EmoAsst on frozen towers (recipe emoasst), or the bundled starter model (starter).",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recipe", choices=("emoasst", "starter"), default="emoasst")
    parser.add_argument(
        "--data", type=Path, required=True, help="a csv or JSON Lines listing, or the folder of a known collection"
    )
    parser.add_argument(
        "--kind", choices=("auto", *READERS), default="auto", help="what kind of data it is, if that cannot be told"
    )
    parser.add_argument("--out", type=Path, help="run folder; needed unless --check")
    parser.add_argument("--ablations", action="store_true", help="train without and with prompts and fill in Tables 2 to 5")
    parser.add_argument("--split", choices=("dev", "test"), default="dev", help="with --ablations: rows the tables are about")
    parser.add_argument("--check", action="store_true", help="look the data over, open every clip, and stop")
    parser.add_argument("--json", type=Path, help="with --check: also write the findings to this file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="", help="default: a GPU where there is one")
    towers = parser.add_argument_group("towers (frozen)")
    towers.add_argument("--vision", type=Path, help="open_clip model folder; default: that of --profile")
    towers.add_argument("--audio", type=Path, help="wav2vec 2.0 or log-mel model folder; default: that of --profile")
    towers.add_argument("--text", type=Path, help="folder of the text tower; default: that of --vision")
    towers.add_argument("--profile", default="starter", help="model profile to take missing towers from (default: starter)")
    clips = parser.add_argument_group("clips")
    clips.add_argument(
        "--pictures", choices=("face", "frame"), default="face", help="face crops, or whole frames as in the paper"
    )
    clips.add_argument("--max-sound-s", type=float, default=20.0, help="sound beyond this is not read (default: 20)")
    clips.add_argument("--store", type=Path, help="where features are kept, for sharing between runs (default: OUT/features)")
    add_head_options(parser.add_argument_group("heads (defaults are the paper's where it states one)"))
    parser.set_defaults(run=run)


def add_head_options(group: Any) -> None:
    """Add one option per choice of `HeadOptions` that people change."""
    group.add_argument("--num-epochs", type=int, default=200)
    group.add_argument("--batch-size", type=int, default=128)
    group.add_argument(
        "--visual-rate", type=float, default=1e-3, help="learning rate of the Visual Fusion Module (default: 1e-3)"
    )
    group.add_argument("--audio-rate", type=float, default=1e-4, help="learning rate of the auditory adapter (default: 1e-4)")
    group.add_argument("--prompts", choices=("six", "utterance"), default="six", help="text side of the contrast")
    group.add_argument("--queries", choices=("class", "utterance", "paper"), default="class", help='"paper" leaks the label')
    group.add_argument("--encoder-scope", choices=("frame", "video"), default="frame")
    group.add_argument("--projection", choices=("pre", "post"), default="pre", help="where 768 becomes 512 in the adapter")
    group.add_argument("--video-loss", choices=("multi-positive", "clip"), default="multi-positive")
    group.add_argument("--num-frames", type=int, default=24)
    group.add_argument("--states-per-clip", type=int, default=24, help="sound states seen per clip and epoch; 0: all")
    group.add_argument("--patience", type=int, default=20, help="epochs without a better dev score before stopping; 0: never")
    group.add_argument("--selection", choices=("macro_f1", "accuracy"), default="macro_f1", help="dev metric that chooses")


def head_options(arguments: argparse.Namespace) -> Any:
    """`HeadOptions` from the command line."""
    from emoasst_core.training.recipes.head_options import HeadOptions

    given = vars(arguments)
    return HeadOptions(**{spec.name: given[spec.name] for spec in fields(HeadOptions) if spec.name in given})


def run(arguments: argparse.Namespace) -> int:
    """Train, or check the data.

    Returns:
        0, or 2 where --check finds the data unusable.
    """
    console = Console(stderr=True)
    if arguments.check:
        return _check(arguments)
    if arguments.out is None:
        raise ConfigError("--out is missing.", "Name the folder of the run.")
    if arguments.recipe == "starter":
        from emoasst_core.training.starter.recipe import train_starter

        train_starter(arguments.data, arguments.out, arguments.seed, lambda line: console.print(line, highlight=False))
        return 0
    if arguments.ablations:
        from emoasst_core.evaluation.ablations import as_markdown

        print(as_markdown(run_ablation_command(arguments, arguments.split)))
        return 0
    card = _train(arguments, console)
    if card:
        print(json.dumps({"run_id": card["run_id"], "out": str(arguments.out), "dev": card["dev"]}, indent=1))
    return 0


def open_clip_reader(arguments: argparse.Namespace) -> Any:
    """The reader of clips that the command line asks for."""
    from emoasst_core.faces.detector import open_detector
    from emoasst_core.paths import models_folder
    from emoasst_core.training.clip_reader import ClipReader

    detector = None
    if arguments.pictures == "face":
        found = sorted(models_folder().glob("**/face_detection_yunet*.onnx"))
        detector = open_detector(FaceOptions(), found[0] if found else None)
    return ClipReader(arguments.num_frames, arguments.pictures, arguments.max_sound_s, detector)


def _check(arguments: argparse.Namespace) -> int:
    from emoasst_core.capture.media_file import load_image, probe
    from emoasst_core.training.clip_reader import PICTURE_SUFFIXES

    manifest = open_manifest(arguments.data, arguments.kind)
    findings = check_manifest(manifest, lambda path: (load_image if path.suffix.lower() in PICTURE_SUFFIXES else probe)(path))
    print(describe(findings))
    if arguments.json:
        arguments.json.write_text(json.dumps(findings.as_dict(), indent=1) + "\n", encoding="utf-8")
    return 0 if findings.is_usable else EXIT_UNUSABLE


def run_ablation_command(arguments: argparse.Namespace, split: str = "dev") -> dict[str, Any]:
    """Train without and with prompts on shared features, with the options of `emoasst train`, and fill in the tables.

    Args:
        arguments: those of `emoasst train`.
        split: to fill the tables for.
    """
    from emoasst_core.evaluation.ablations import run_ablations

    console = Console(stderr=True)
    arguments.store = arguments.store or arguments.out / "features"

    def train(folder: Path, options: Any) -> dict[str, Any]:
        return _train(argparse.Namespace(**{**vars(arguments), "out": folder, "prompts": options.prompts}), console)

    return run_ablations(arguments.out, head_options(arguments), train, split)


def _train(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from emoasst_core.training.launch import join_launch
    from emoasst_core.training.recipes.emoasst import train_emoasst
    from emoasst_core.training.towers import open_towers

    manifest = open_manifest(arguments.data, arguments.kind)
    launch = join_launch(arguments.device)
    if launch.is_first:
        console.print(describe(check_manifest(manifest)), highlight=False)
    towers = open_towers(arguments.vision, arguments.audio, arguments.text, arguments.profile, arguments.device)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    try:
        with Progress(*columns, console=console, disable=not launch.is_first) as progress:
            bars = ProgressBars(progress, len(manifest), arguments.num_epochs)
            card = train_emoasst(
                manifest,
                arguments.data,
                arguments.kind,
                towers,
                open_clip_reader(arguments),
                arguments.out,
                head_options(arguments),
                arguments.store,
                launch,
                bars.extracted,
                bars.trained,
            )
    finally:
        launch.leave()
    return card if launch.is_first else {}


class ProgressBars:
    """One bar for the features and one per head, each with the time that is left.

    Args:
        progress: of rich.
        num_rows: of the manifest.
        num_epochs: of each head.
    """

    TITLES = {"frames": "Visual Fusion Module", "audio": "auditory adapter"}  # noqa: RUF012

    def __init__(self, progress: Progress, num_rows: int, num_epochs: int) -> None:
        self.progress, self.num_rows, self.num_epochs = progress, num_rows, num_epochs
        self._bars: dict[str, Any] = {}

    def extracted(self, report: Any) -> None:
        """A row's features are stored."""
        note = f"{report.num_errors} unreadable, {minutes(report.remaining_s)} left"
        self._show("features", "features", report.num_done, self.num_rows, note)

    def trained(self, part: str, report: Any) -> None:
        """An epoch is done."""
        figures = (
            f"loss {report.loss:.3f}, dev macro F1 {report.metrics['macro_f1']:.3f}, accuracy {report.metrics['accuracy']:.3f}"
        )
        self._show(part, self.TITLES[part], report.epoch + 1, self.num_epochs, f"{figures}, {minutes(report.remaining_s)} left")
        self.progress.log(f"{self.TITLES[part]} epoch {report.epoch + 1}/{report.num_epochs}: {figures}")

    def _show(self, key: str, title: str, done: int, total: int, note: str) -> None:
        if key not in self._bars:
            self._bars[key] = self.progress.add_task(title, total=total, note="")
        self.progress.update(self._bars[key], completed=done, note=note)


def minutes(seconds: float) -> str:
    """A duration for people.

    >>> minutes(42), minutes(3661)
    ('42 s', '61 min 01 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
