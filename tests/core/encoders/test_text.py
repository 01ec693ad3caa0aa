from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emoasst_core.encoders.compute_device import ComputeDevice
from emoasst_core.encoders.open_clip_network import import_open_clip
from emoasst_core.encoders.text import TextEncoder
from emoasst_core.errors import ModelError
from tests.core.encoders.small_models import TIMM, VIT, write_open_clip

CPU = ComputeDevice("cpu")
TEXTS = ["A joyful video.", "The speaker has an angry face.", "", "An angry man is speaking " * 20]


@pytest.mark.parametrize("config", [VIT, TIMM, {**VIT, "custom_text": True}], ids=["vit", "timm", "custom text"])
def test_embeddings_are_those_of_open_clip_itself(tmp_path: Path, config: dict) -> None:
    write_open_clip(tmp_path, config)
    open_clip = import_open_clip()
    network = open_clip.create_model(f"local-dir:{tmp_path}").eval()
    with torch.inference_mode():
        expected = network.encode_text(open_clip.get_tokenizer(f"local-dir:{tmp_path}")(TEXTS), normalize=True)
    encoder = TextEncoder(tmp_path, CPU)
    np.testing.assert_allclose(encoder.embed(TEXTS), expected.numpy(), atol=1e-5)
    assert encoder.embed_dim == config["embed_dim"] and encoder.context_length == 16
    assert encoder.logit_scale == pytest.approx(float(network.logit_scale.detach().exp()), rel=1e-5)


def test_a_text_embedding_does_not_depend_on_the_others(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    together = TextEncoder(tmp_path, CPU).embed(TEXTS)
    alone = np.concatenate([TextEncoder(tmp_path, CPU).embed([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_a_text_seen_before_is_not_computed_again(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    encoder = TextEncoder(tmp_path, CPU)
    first = encoder.embed(TEXTS)
    encoder.tower = None  # nothing can be computed from here on
    np.testing.assert_array_equal(encoder.embed([*TEXTS, TEXTS[0]])[:4], first)
    with pytest.raises(AttributeError):
        encoder.embed(["a new text"])


def test_no_text_gives_no_row(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    assert TextEncoder(tmp_path, CPU).embed([]).shape == (0, VIT["embed_dim"])


def test_a_text_tower_from_a_hub_is_refused(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    import json

    hub = {**VIT, "text_cfg": {"hf_model_name": "roberta-base"}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": hub}))
    with pytest.raises(ModelError, match="hub"):
        TextEncoder(tmp_path, CPU)
