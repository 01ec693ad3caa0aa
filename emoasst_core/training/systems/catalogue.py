"""Train any of the compared systems by name, on the joined set or on a listing of one's own."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from emoasst_core.errors import ConfigError
from emoasst_core.systems.profile import require_system
from emoasst_core.training.systems.examples import ExampleSet
from emoasst_core.training.systems.finishing import Training

RECIPES: Final = {
    "mer-clip": ("emoasst_core.training.systems.mer_clip", "train_mer_clip"),
    "emovclip": ("emoasst_core.training.systems.emovclip", "train_emovclip"),
    "transformer-svm": ("emoasst_core.training.systems.transformer_svm", "train_transformer_svm"),
    "sem-mbt": ("emoasst_core.training.systems.sem_mbt", "train_sem_mbt"),
}
NEEDS_SMALL_CLIP: Final = ("mer-clip", "emovclip", "sem-mbt", "transformer-svm")


def train_system(system: str, examples: ExampleSet, training: Training, data: Path | None = None) -> dict[str, Any]:
    """Train one system.

    Args:
        system: its name.
        examples: what it trains, is chosen and is scored on.
        training: where to, how large, which seed.
        data: folder of the joined set; a small system without a CLIP folder trains its small CLIP from there first.

    Returns:
        The run card.

    Raises:
        ConfigError: an unknown system, or EmoAsst, which has recipes of its own.
    """
    wanted = require_system(system)
    if wanted not in RECIPES:
        raise ConfigError(f"{system} has recipes of its own.", "emoasst train --recipe emoasst or starter.")
    examples.require_splits()
    if wanted in NEEDS_SMALL_CLIP and training.size == "small" and "clip" not in training.folders and data is not None:
        from emoasst_core.training.systems.small_clip import train_small_clip

        training.folders["clip"] = train_small_clip(data, training.out.parent / "small_clip", 0, training.tell("small CLIP"))
    module, name = RECIPES[wanted]
    recipe: Callable[[ExampleSet, Training], dict[str, Any]] = getattr(import_module(module), name)
    return recipe(examples, training)


def open_examples(data: Path, kind: str, store: Path, size: str) -> tuple[ExampleSet, bool]:
    """Examples from a folder or a listing.

    Args:
        data: a folder with faces/, speech/ and meld/ (they are joined), or what `emoasst train --data` takes.
        kind: of a listing, "auto" to tell it.
        store: folder for decoded clips.
        size: "small" keeps pictures at 64 pixels, "full" at 224.

    Returns:
        The examples, and whether they are the joined set.
    """
    if data.is_dir() and all((data / name).is_dir() for name in ("faces", "speech", "meld")):
        from emoasst_core.training.systems.joined_set import load_joined_set

        return load_joined_set(data, store / "ravdess.npz"), True
    from emoasst_core.training.manifests.catalogue import open_manifest
    from emoasst_core.training.systems.manifest_set import read_manifest_examples

    return read_manifest_examples(open_manifest(data, kind), store / "clips", 64 if size == "small" else 224), False
