"""Published checkpoints: under the names their files use, every weight arrives; a file that lacks one is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from emoasst_core.errors import ModelError
from emoasst_core.systems.pretrained import WEIGHTS_FILE, load_pretrained
from emoasst_core.systems.transformer_svm.encoders import build_model
from tests.core.encoders.small_models import WAV2VEC2

SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 20}
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": SIZES,
    "roberta": SIZES,
    "distilbert": {"dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2, "vocab_size": 20},
    "wav2vec2": WAV2VEC2,
    "hubert": WAV2VEC2,
    "videomae": SIZES | {"image_size": 32, "num_frames": 4},
    "audio-spectrogram-transformer": SIZES | {"max_length": 64, "num_mel_bins": 32},
}
PUBLISHED = {  # names in the files, for the names of the networks
    "LayerNorm.weight": "LayerNorm.gamma",
    "LayerNorm.bias": "LayerNorm.beta",
    "parametrizations.weight.original0": "weight_g",
    "parametrizations.weight.original1": "weight_v",
}


def publish(network: Any, folder: Path, keeps: Callable[[str], bool] = lambda name: True) -> None:
    """Write a network as its authors did: prefixed, with older names, and with the head of another task."""
    weights = {}
    for name, value in network.state_dict().items():
        if keeps(name):
            for now, old in PUBLISHED.items():
                name = name.replace(now, old)
            weights[f"{network.base_model_prefix}.{name}"] = value.contiguous().clone()
    save_file({**weights, "classifier.weight": torch.zeros(3, 16)}, folder / WEIGHTS_FILE)


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_weight_of_a_published_checkpoint_arrives(kind: str, tmp_path: Path) -> None:
    published, network = build_model(kind, CONFIGS[kind]), build_model(kind, CONFIGS[kind])
    publish(published, tmp_path)
    load_pretrained(network, tmp_path)
    wanted = published.state_dict()
    assert wanted and all(torch.equal(value, wanted[name]) for name, value in network.state_dict().items())


def test_a_checkpoint_without_the_parts_that_are_never_used_is_enough(tmp_path: Path) -> None:
    for kind, part in (("bert", "pooler"), ("wav2vec2", "masked_spec_embed")):
        publish(build_model(kind, CONFIGS[kind]), tmp_path, keeps=lambda name, part=part: part not in name)
        load_pretrained(build_model(kind, CONFIGS[kind]), tmp_path)


@pytest.mark.parametrize("lost", ["encoder.layer.1.attention.self.query.weight", "embeddings.LayerNorm.bias"])
def test_one_missing_weight_is_named_and_not_left_random(lost: str, tmp_path: Path) -> None:
    publish(build_model("bert", SIZES), tmp_path, keeps=lambda name: name != lost)
    with pytest.raises(ModelError, match=f"lacks 1 of the weights .*{lost}"):
        load_pretrained(build_model("bert", SIZES), tmp_path)


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    publish(build_model("bert", SIZES), tmp_path)
    with pytest.raises(ModelError, match="other sizes"):
        load_pretrained(build_model("bert", SIZES | {"intermediate_size": 48}), tmp_path)
