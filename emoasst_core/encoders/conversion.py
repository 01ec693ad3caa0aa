"""Turn a published checkpoint into safetensors when it is installed.

The published file is a pickle, which can carry code. It is opened once, after its hash was checked, by torch's reader that
builds nothing but tensors; what the program opens from then on is the safetensors file.
"""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from emoasst_core.encoders.card import CONFIG_FILE, Card
from emoasst_core.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

EMOTIONCLIP_BACKBONE = "backbone."  # its temporal head of eight frames is not used: EmoAsst has its own


def convert(kind: str, source: Path, folder: Path, card: Card) -> None:
    """Write the safetensors form of `source` into `folder`.

    Args:
        kind: "emotionclip" or "wav2vec2" (SEGUE too).

    Raises:
        ModelError: the file is not such a checkpoint; nothing usable is left behind.
    """
    weights = _read_tensors(source)
    if kind == "emotionclip":
        _write_emotionclip(weights, folder, card)
    elif kind == "wav2vec2":
        _write_wav2vec2(weights, folder, card)
    else:
        raise ModelError(f"There is no conversion called {kind!r}.")


def _read_tensors(source: Path) -> dict[str, Tensor]:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about pickles of other versions; they are judged by what they hold
            content = torch.load(source, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{source.name} cannot be read as a checkpoint of nothing but tensors: {reason}",
            "Check that it is the file its authors publish.",
        ) from error
    for key in ("model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ModelError(f"{source.name} holds no weights.", "Check that it is the file its authors publish.")
    return tensors


def _write_emotionclip(weights: dict[str, Tensor], folder: Path, card: Card) -> None:
    from emoasst_core.encoders.open_clip_network import model_config

    backbone = {
        name.removeprefix(EMOTIONCLIP_BACKBONE): tensor
        for name, tensor in weights.items()
        if name.startswith(EMOTIONCLIP_BACKBONE)
    }
    _save(backbone, folder / "open_clip_model.safetensors")
    config = {"model_cfg": model_config(folder, card), "preprocess_cfg": {"mean": card.mean, "std": card.std}}
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def _write_wav2vec2(weights: dict[str, Tensor], folder: Path, card: Card) -> None:
    from emoasst_core.encoders.wav2vec2_network import build_wav2vec2, keep_layers

    _save(keep_layers(weights, card.num_layers), folder / "model.safetensors")
    config = build_wav2vec2({}, card.num_layers).config  # base size: transformers' own defaults
    (folder / "config.json").write_text(config.to_json_string(), "utf-8")


def _save(weights: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    if not weights:
        raise ModelError("The checkpoint holds none of the expected weights.", "Check that it is the file its authors publish.")
    save_file({name: tensor.float().clone() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}, path)
