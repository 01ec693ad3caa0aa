"""Small random models in the very formats of the full-size ones, written to a folder by the libraries that own the formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from emoasst_core.encoders.open_clip_network import build
from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports

TEXT = {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
VIT = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": TEXT,
}
TIMM = {
    "embed_dim": 16,
    "vision_cfg": {
        "timm_model_name": "resnet10t",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
        "image_size": 32,
    },
    "text_cfg": TEXT,
}
WAV2VEC2 = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "conv_dim": [16, 16, 16],
    "conv_kernel": [10, 3, 3],
    "conv_stride": [5, 4, 4],
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": 8,
}


def write_open_clip(folder: Path, config: dict[str, Any], half: bool = False, **preprocess: Any) -> torch.nn.Module:
    """Write a random network in open_clip's local-dir format and return it."""
    torch.manual_seed(1)
    network = build(config).eval()
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    if half:
        weights = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    text = json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    (folder / "open_clip_config.json").write_text(text, "utf-8")
    return network


def write_wav2vec2(folder: Path, num_layers: int, **changes: Any) -> Any:
    """Write a random wav2vec 2.0 with transformers' own `save_pretrained`, and a card, and return the network."""
    ensure_torchvision_imports()
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(2)
    network = Wav2Vec2Model(Wav2Vec2Config(**{**WAV2VEC2, **changes})).eval()
    network.save_pretrained(folder)
    card = {"name": folder.name, "kind": "wav2vec2", "num_layers": num_layers}
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    return network
