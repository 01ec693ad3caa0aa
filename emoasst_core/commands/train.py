"""`emoasst train`: fit a recipe on a data set, into a run folder that can be stopped and started again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from emoasst_core.encoders.compute_device import choose_device
from emoasst_core.encoders.folder_pins import pin
from emoasst_core.errors import ConfigError
from emoasst_core.evaluation.figures_file import require_file_writable, write_json
from emoasst_core.profile import PROFILE_FILE, resolve_profile
from emoasst_core.systems.profile import EMOASST, require_system
from emoasst_core.training.core_sharing import share_cores
from emoasst_core.training.manifests.catalogue import open_manifest
from emoasst_core.training.manifests.check import check_manifest, describe
from emoasst_core.training.training_options import add_clip_options, add_data_options, add_head_options, add_tower_options
from emoasst_core.training.training_session import ablate_from_arguments, train_from_arguments

EXAMPLES = """examples:
  emoasst train --recipe emoasst --data my_clips.csv --out runs/first
  emoasst train --recipe emoasst --data MELD.Raw --vision models/emotionclip --audio models/segue --out runs/meld
  emoasst train --recipe starter --data FOLDER --out starter --device cuda
  emoasst train --recipe memory --data FOLDER --out PROFILE
  emoasst train --data my_clips.csv --check
  emoasst train --data MELD.Raw --out runs/tables --ablations --split test
  emoasst train --system mer-clip --data FOLDER --out runs/mer-clip
  emoasst train --system mer-clip --size full --clip models/clip --data MELD.Raw --out runs/mer-clip-meld
  torchrun --nproc-per-node 4 -m emoasst_core.cli train --recipe emoasst --data MELD.Raw --out runs/meld

A run that was stopped, by whatever cause, goes on when the same command is given again."""
EXIT_UNUSABLE = 2


def add_parser(subparsers: Any) -> None:
    """Add the command to the program's parser."""
    parser = subparsers.add_parser(
        "train",
        help="train on your own or a known data set",
        description="Train the heads of EmoAsst on frozen towers (recipe emoasst), or the bundled starter model (starter), or "
        "choose what a starter's personal memory ships with (memory).",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recipe", choices=("emoasst", "starter", "memory"), default="emoasst")
    add_data_options(parser, is_required=True)
    parser.add_argument("--out", type=Path, help="run folder; needed unless --check")
    parser.add_argument("--ablations", action="store_true", help="train without and with prompts and fill in Tables 2 to 5")
    parser.add_argument("--split", choices=("dev", "test"), default="dev", help="with --ablations: rows the tables are about")
    parser.add_argument("--check", action="store_true", help="look the data over, open every clip, and stop")
    parser.add_argument("--json", type=Path, help="with --check: also write the findings to this file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reuse", metavar="PROFILE", help="recipe starter: keep this bundle's text tower")
    towers = parser.add_argument_group("towers (frozen)")
    add_tower_options(towers)
    towers.add_argument("--profile", default="starter", help="model profile to take missing towers from (default: starter)")
    add_clip_options(parser.add_argument_group("clips"))
    add_head_options(parser.add_argument_group("heads (defaults are the paper's where it states one)"))
    add_system_options(parser)
    parser.set_defaults(run=run)


def add_system_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the systems that EmoAsst is compared with."""
    group = parser.add_argument_group("other systems")
    group.add_argument("--system", help="mer-clip, emovclip, transformer-svm or sem-mbt, instead of --recipe")
    group.add_argument("--size", choices=("small", "full"), default="small", help="minutes on two cores, or the paper's sizes")
    for name, what in (
        ("clip", "open_clip"), ("bert", "BERT, RoBERTa or DistilBERT"), ("speech", "a speech model"), ("video", "VideoMAE"),
    ):  # fmt: skip
        group.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"{what} folder; default: random weights")
    group.add_argument("--epochs", type=int, default=0, metavar="N", help="default: the recipe's own")
    group.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="a choice of the system's own")


def run(arguments: argparse.Namespace) -> int:
    """Train, or check the data.

    Returns:
        0, or 2 where --check finds the data unusable.
    """
    share_cores()
    console = Console(stderr=True)
    if arguments.check:
        return _check(arguments)
    if arguments.out is None:
        raise ConfigError("--out is missing.", "Name the folder of the run.")
    require_file_writable(arguments.out / PROFILE_FILE)
    exit_code = _train(arguments, console)
    if (arguments.out / PROFILE_FILE).exists():
        pin(arguments.out)  # what was made here is what is to be found there
    return exit_code


def _train(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.system and require_system(arguments.system) != EMOASST:
        from emoasst_core.training.systems.command import train_from_arguments as train_system_from

        print(json.dumps(train_system_from(arguments, console), indent=1))
        return 0
    if arguments.recipe == "starter":
        from emoasst_core.training.starter.recipe import train_starter

        reuse = resolve_profile(arguments.reuse) if arguments.reuse else None
        device = choose_device(arguments.device).name

        def say(line: str) -> None:
            console.print(line, highlight=False, soft_wrap=True)

        train_starter(arguments.data, arguments.out, arguments.seed, say, reuse=reuse, device=device)
        console.print(f"Written to {arguments.out}; use it with --profile {arguments.out}", highlight=False, soft_wrap=True)
        return 0
    if arguments.recipe == "memory":
        from emoasst_core.training.starter.memory import add_memory

        add_memory(arguments.out, arguments.data, lambda line: console.print(line, highlight=False), arguments.seed)
        return 0
    if arguments.ablations:
        from emoasst_core.evaluation.ablations import as_markdown

        print(as_markdown(ablate_from_arguments(arguments, console, arguments.split)))
        return 0
    card = train_from_arguments(arguments, console)
    if card:
        shown = {"run_id": card["run_id"], "out": str(arguments.out), "rows": card["rows"], "dev": card["dev"]}
        print(json.dumps(shown, indent=1))
        if card["is_profile"]:
            console.print(f"Use it with --profile {arguments.out}", highlight=False, soft_wrap=True)
        else:
            how = f"emoasst eval --run {arguments.out} --protocol probe --json probe.json"
            console.print(f"This run cannot be a --profile; measure it: {how}", highlight=False, soft_wrap=True)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from emoasst_core.capture.media_file import load_image, probe
    from emoasst_core.training.clip_reader import PICTURE_SUFFIXES

    manifest = open_manifest(arguments.data, arguments.kind)
    findings = check_manifest(manifest, lambda path: (load_image if path.suffix.lower() in PICTURE_SUFFIXES else probe)(path))
    print(describe(findings))
    if arguments.json:
        write_json(arguments.json, findings.as_dict())
    return 0 if findings.is_usable else EXIT_UNUSABLE
