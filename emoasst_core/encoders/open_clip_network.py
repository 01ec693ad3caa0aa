"""Build an open_clip network from a model folder, as one of its two towers with that tower's weights."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from emoasst_core.encoders.card import CONFIG_FILE, Card, read_json
from emoasst_core.encoders.checkpoints import fill, load_weights, require_file
from emoasst_core.encoders.offline import forbid_network
from emoasst_core.encoders.torchvision_ops import compiler_left_for_later, ensure_torchvision_imports
from emoasst_core.errors import ModelError

WEIGHT_FILES = ("open_clip_model.safetensors", "model.safetensors")
VISION_PREFIX = "visual."
SHARED_NAMES = ("logit_scale", "logit_bias")


def import_open_clip() -> Any:
    """The open_clip module, offline and with its torchvision import seen to."""
    forbid_network()
    ensure_torchvision_imports()
    with _left_out("transformers"), compiler_left_for_later():
        import open_clip

    return open_clip


@contextmanager
def _left_out(module: str) -> Iterator[None]:
    """Import inside as if a module were not installed, unless it is loaded already.

    open_clip uses transformers only for text towers from a hub, which are never asked for, and goes on without it; loading it
    would take a second of every start.
    """
    is_loaded = module in sys.modules
    if not is_loaded:
        sys.modules[module] = None  # type: ignore[assignment]  # how Python marks what cannot be imported
    try:
        yield
    finally:
        if not is_loaded:
            del sys.modules[module]


def model_config(folder: Path, card: Card) -> dict[str, Any]:
    """The `model_cfg` of a folder, else that of the architecture its card names, with the card's activation.

    Raises:
        ModelError: there is neither, or the text tower would have to be fetched from a hub.
    """
    open_clip = import_open_clip()
    config: dict[str, Any] | None = read_json(folder / CONFIG_FILE).get("model_cfg")
    if config is None:
        if not card.architecture:
            raise ModelError(
                f"The model in {folder} is not whole: {CONFIG_FILE} is missing and its card names no architecture.",
                "Import the whole folder, or add `architecture` to card.json.",
            )
        config = open_clip.get_model_config(card.architecture)
        if config is None:
            raise ModelError(f"open_clip knows no network called {card.architecture!r} ({folder}).")
    config = deepcopy(config)
    if "vision_cfg" not in config or "text_cfg" not in config:
        raise ModelError(f"{folder / CONFIG_FILE} describes no network with a vision and a text tower.")
    if "hf_model_name" in config["text_cfg"]:
        raise ModelError(f"The text tower of {folder} comes from a hub, which is never asked.", "Choose an open_clip text tower.")
    config["quick_gelu"] = card.activation == "quick_gelu"
    config["vision_cfg"]["timm_model_pretrained"] = False
    return config


def build(config: dict[str, Any]) -> nn.Module:
    """The whole network with random weights.

    Raises:
        ModelError: open_clip cannot build it.
    """
    open_clip = import_open_clip()
    options = deepcopy(config)
    custom_text = options.pop("custom_text", False)
    try:
        network: nn.Module = open_clip.CustomTextCLIP(**options) if custom_text else open_clip.CLIP(**options)
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"open_clip cannot build this network: {error}.", "Check open_clip_config.json.") from error
    return network


def load_tower(folder: Path, card: Card, tower: Literal["vision", "text"]) -> nn.Module:
    """One tower with its weights; the file may hold the other one too, or not.

    Returns:
        For "vision" the tower itself, for "text" the network without its vision tower (it offers `encode_text`).

    Raises:
        ModelError: a file is missing, damaged, or does not fit.
    """
    network = build(model_config(folder, card))
    weights = load_weights(require_file(folder, *WEIGHT_FILES))
    visual = network.visual
    if tower == "vision":
        fill(visual, _below(weights, VISION_PREFIX), folder)  # type: ignore[arg-type]
        return visual  # type: ignore[return-value]
    del network.visual
    ours = {name: tensor for name, tensor in weights.items() if not name.startswith(VISION_PREFIX)}
    if hasattr(network, "text"):
        ours = import_open_clip().model.convert_to_custom_text_state_dict(ours)
    for name in SHARED_NAMES:  # absent from a file of one tower; no embedding depends on them
        own = getattr(network, name, None)
        if own is not None:
            ours[name] = ours[name].reshape(own.shape) if name in ours else own.detach()
    fill(network, ours, folder)
    return network


def _below(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
