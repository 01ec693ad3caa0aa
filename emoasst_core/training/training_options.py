"""The choices of a training as options of a command line, the same ones wherever a command trains."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoasst_core.config import FaceOptions
from emoasst_core.training.manifests.catalogue import READERS

if TYPE_CHECKING:
    from emoasst_core.training.clip_reader import ClipReader
    from emoasst_core.training.recipes.head_options import HeadOptions


def add_data_options(group: Any, is_required: bool = False) -> None:
    """Add where the data lie and what runs on what.

    Args:
        group: an argparse parser or a group of its options.
        is_required: the command is of no use without data.
    """
    listing = "a csv or JSON Lines listing, or the folder of a known collection"
    group.add_argument("--data", type=Path, required=is_required, metavar="PATH", help=listing)
    group.add_argument(
        "--kind", choices=("auto", *READERS), default="auto", help="what kind of data it is, if that cannot be told"
    )
    group.add_argument("--device", choices=("cpu", "cuda"), default="", help="default: a GPU where there is one")


def add_tower_options(group: Any) -> None:
    """Add the folders of the frozen towers."""
    group.add_argument("--vision", type=Path, help="open_clip model folder; default: that of --profile")
    group.add_argument("--audio", type=Path, help="wav2vec 2.0 or log-mel model folder; default: that of --profile")
    group.add_argument("--text", type=Path, help="folder of the text tower; default: that of --vision")


def add_clip_options(group: Any) -> None:
    """Add how clips are cut."""
    group.add_argument(
        "--pictures", choices=("face", "frame"), default="face", help="face crops, or whole frames as in the paper"
    )
    group.add_argument("--max-sound-s", type=float, default=20.0, help="sound beyond this is not read (default: 20)")
    group.add_argument("--store", type=Path, help="where features are kept, for sharing between runs (default: inside the run)")


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


def head_options(arguments: argparse.Namespace) -> HeadOptions:
    """`HeadOptions` from the command line.

    Raises:
        ConfigError: a value is out of range.
    """
    from emoasst_core.training.recipes.head_options import HeadOptions

    given = vars(arguments)
    return HeadOptions(**{spec.name: given[spec.name] for spec in fields(HeadOptions) if spec.name in given})


def open_clip_reader(arguments: argparse.Namespace) -> ClipReader:
    """The reader of clips that the command line asks for."""
    from emoasst_core.faces.detector import open_detector
    from emoasst_core.paths import models_folder
    from emoasst_core.training.clip_reader import ClipReader

    detector = None
    if arguments.pictures == "face":
        found = sorted(models_folder().glob("**/face_detection_yunet*.onnx"))
        detector = open_detector(FaceOptions(), found[0] if found else None)
    return ClipReader(arguments.num_frames, arguments.pictures, arguments.max_sound_s, detector)
