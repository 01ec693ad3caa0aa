"""Train as a command line asks, with bars on the terminal: one run, or the pair of runs behind the paper's tables."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from emoasst_core.training.manifests.catalogue import open_manifest
from emoasst_core.training.manifests.check import check_manifest, describe
from emoasst_core.training.training_options import head_options, open_clip_reader


def train_from_arguments(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Train the heads of EmoAsst into `arguments.out`.

    Args:
        arguments: the options of `training_options`, and out.
        console: where bars and findings go.

    Returns:
        The run card; {} in all but the first process under torchrun.
    """
    from emoasst_core.training.launch import join_launch
    from emoasst_core.training.progress_bars import ProgressBars, training_progress
    from emoasst_core.training.recipes.emoasst import train_emoasst
    from emoasst_core.training.towers import open_towers

    manifest = open_manifest(arguments.data, arguments.kind)
    launch = join_launch(arguments.device)
    if launch.is_first:
        console.print(describe(check_manifest(manifest)), highlight=False)
    towers = open_towers(arguments.vision, arguments.audio, arguments.text, arguments.profile, arguments.device)
    try:
        with training_progress(console, launch.is_first) as progress:
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


def ablate_from_arguments(arguments: argparse.Namespace, console: Console, split: str = "dev") -> dict[str, Any]:
    """Train without and with prompts on shared features, and fill in the paper's Tables 2 to 5.

    Args:
        arguments: the options of `training_options`, and out.
        console: where bars and findings go.
        split: to fill the tables for.

    Raises:
        ManifestError: the test split was scored before.
    """
    from emoasst_core.evaluation.ablations import run_ablations

    store = arguments.store or arguments.out / "features"

    def train(folder: Path, options: Any) -> dict[str, Any]:
        changed = {"out": folder, "store": store, "prompts": options.prompts}
        return train_from_arguments(argparse.Namespace(**{**vars(arguments), **changed}), console)

    return run_ablations(arguments.out, head_options(arguments), train, split)
