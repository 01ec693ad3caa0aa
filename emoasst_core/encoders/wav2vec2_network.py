"""The first layers of wav2vec 2.0, from a folder of transformers or of SEGUE."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from emoasst_core.encoders.card import read_json
from emoasst_core.encoders.checkpoints import fill, load_weights, require_file
from emoasst_core.encoders.offline import forbid_network
from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports
from emoasst_core.errors import ModelError

WEIGHT_FILE = "model.safetensors"
PREFIXES = ("speech_encoder.", "wav2vec2.")  # SEGUE keeps its speech half under the first, fine-tuned models under the second
PARTS = ("feature_extractor.", "feature_projection.", "encoder.")
LAYER = re.compile(r"encoder\.layers\.(\d+)\.")
# transformers 4 and 5 name the two halves of the weight-normalised position convolution differently
RENAMED = {
    "pos_conv_embed.conv.weight_g": "pos_conv_embed.conv.parametrizations.weight.original0",
    "pos_conv_embed.conv.weight_v": "pos_conv_embed.conv.parametrizations.weight.original1",
}


def build_wav2vec2(values: dict[str, Any], num_layers: int) -> Any:
    """A wav2vec 2.0 of `num_layers` transformer layers with random weights; its output is the state after the last of them.

    Args:
        values: fields of transformers' `Wav2Vec2Config`; empty for the base size.

    Raises:
        ModelError: there are not that many layers, or transformers refuses the fields.
    """
    forbid_network()
    ensure_torchvision_imports()  # transformers imports torchvision for its other models
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    try:
        config = Wav2Vec2Config(**{name: value for name, value in values.items() if name != "model_type"})
        if not 1 <= num_layers <= config.num_hidden_layers:
            raise ModelError(f"The card asks for {num_layers} layers, the network has {config.num_hidden_layers}.")
        config.num_hidden_layers = num_layers
        config.mask_time_prob = config.mask_feature_prob = 0.0  # masks are for pre-training; without them goes their vector
        config.layerdrop = 0.0
        network = Wav2Vec2Model(config)
    except (TypeError, ValueError, KeyError) as error:
        raise ModelError(f"transformers cannot build this wav2vec 2.0: {error}.", "Check config.json.") from error
    if config.do_stable_layer_norm:  # here the last norm follows the layers, and would change the states we want
        network.encoder.layer_norm = nn.Identity()
    return network


def load_wav2vec2(folder: Path, num_layers: int) -> tuple[Any, int, int]:
    """Read the first `num_layers` layers of a checkpoint.

    Returns:
        The network, the width of its states, and the shortest sound in samples that gives one state.

    Raises:
        ModelError: a file is missing, damaged or does not fit.
    """
    weights = load_weights(require_file(folder, WEIGHT_FILE))
    values = read_json(require_file(folder, "config.json"))
    if "speech_encoder_checkpoint" in values:  # SEGUE's file only names wav2vec 2.0 base
        values = {}
    elif values.get("model_type", "wav2vec2") != "wav2vec2":
        raise ModelError(f"{folder / 'config.json'} describes a {values['model_type']}, not a wav2vec 2.0.")
    network = build_wav2vec2(values, num_layers)
    kept = keep_layers(weights, num_layers)
    if isinstance(network.encoder.layer_norm, nn.Identity):
        kept = {name: tensor for name, tensor in kept.items() if not name.startswith("encoder.layer_norm.")}
    fill(network, kept, folder)
    return network, int(network.config.hidden_size), shortest_sound(network.config.conv_kernel, network.config.conv_stride)


def keep_layers(weights: dict[str, Tensor], num_layers: int) -> dict[str, Tensor]:
    """The weights of the speech half up to layer `num_layers`, under the names transformers uses now."""
    prefix = next((prefix for prefix in PREFIXES if any(name.startswith(prefix) for name in weights)), "")
    kept = {}
    for name, tensor in weights.items():
        plain = name.removeprefix(prefix)
        layer = LAYER.match(plain)
        if not name.startswith(prefix) or not plain.startswith(PARTS) or (layer and int(layer[1]) >= num_layers):
            continue
        for old, new in RENAMED.items():
            plain = plain.replace(old, new)
        kept[plain] = tensor
    return kept


def shortest_sound(kernels: list[int], strides: list[int]) -> int:
    """Samples that the convolutions need for one state.

    >>> shortest_sound([10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2])  # 25 ms at 16 kHz
    400
    """
    length = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        length = (length - 1) * stride + kernel
    return length
