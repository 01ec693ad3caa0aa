"""What `emoasst train --system` asks for, as a training."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from emoasst_core.errors import ConfigError
from emoasst_core.training.systems.catalogue import open_examples, train_system
from emoasst_core.training.systems.finishing import Training
from emoasst_core.training.trainer import EpochReport

FOLDERS = ("clip", "bert", "speech", "video")
SHOWN = ("accuracy", "macro_f1", "weighted_f1", "uar", "intervals", "ms_per_utterance", "multilabel")


def train_from_arguments(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Train a system as the command line asks.

    Returns:
        What is printed: the run's id, its folder and its figures on dev.

    Raises:
        EmoAsstError: the data, a model folder or an option cannot be used.
    """
    examples, is_joined = open_examples(arguments.data, arguments.kind, arguments.out / "decoded", arguments.size)
    if examples.note:
        console.print(examples.note, highlight=False)
    training = training_of(arguments, lambda what, epoch: console.print(epoch_line(what, epoch), highlight=False, soft_wrap=True))
    card = train_system(arguments.system, examples, training, arguments.data if is_joined else None)
    dev = card["results"]["dev"]
    return {"run_id": card["run_id"], "out": str(arguments.out), "dev": {name: dev[name] for name in SHOWN if name in dev}}


def training_of(arguments: argparse.Namespace, report: Any = None) -> Training:
    """The training that the options describe."""
    folders: dict[str, Path] = {name: getattr(arguments, name) for name in FOLDERS if getattr(arguments, name, None)}
    return Training(
        arguments.out, arguments.size, arguments.seed, folders, arguments.epochs, read_choices(arguments.option), report
    )


def read_choices(pairs: list[str]) -> dict[str, Any]:
    """["order=[\"words\"]", "stacked=true"] -> {name: value}; values are JSON, or text where they are not.

    >>> read_choices(["num_layers=2", "label_form=phrase"])
    {'num_layers': 2, 'label_form': 'phrase'}

    Raises:
        ConfigError: a pair without "=".
    """
    choices: dict[str, Any] = {}
    for pair in pairs:
        name, found, text = pair.partition("=")
        if not found or not name:
            raise ConfigError(f"--option {pair} is no NAME=VALUE.", "As in --option label_form=phrase.")
        try:
            choices[name] = json.loads(text)
        except ValueError:
            choices[name] = text
    return choices


def epoch_line(what: str, epoch: EpochReport) -> str:
    """One epoch as a line of text."""
    figures = ", ".join(f"{name} {value:.3f}" for name, value in epoch.metrics.items() if name != "score")
    place = f"epoch {epoch.epoch + 1} of {epoch.num_epochs}"
    return f"{what}: {place}, loss {epoch.loss:.3f}, {figures}; {epoch.remaining_s:.0f} s to go"
