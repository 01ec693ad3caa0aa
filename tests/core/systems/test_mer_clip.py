"""MER-CLIP: the decoder finds what was planted, labels come from a frozen tower, any order and subset can be read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ConfigError
from emoasst_core.systems.clip_towers import ClipTowers
from emoasst_core.systems.mer_clip.decoder import CrossModalDecoder
from emoasst_core.systems.mer_clip.network import MerClip, MerClipOptions
from emoasst_core.systems.wording import label_texts

TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def network() -> MerClip:
    torch.manual_seed(0)
    return MerClip(ClipTowers(TINY), MerClipOptions(num_heads=4, hidden_dim=32)).eval()


def tokens_of(count: int, lengths: dict[Modality, int], seed: int = 1) -> dict[Modality, tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    return {
        modality: (
            F.normalize(torch.randn(count, length, 32, generator=generator), dim=-1),
            torch.ones(count, length, dtype=torch.bool),
        )
        for modality, length in lengths.items()
    }


EVERYTHING = {Modality.WORDS: 5, Modality.FACE: 4, Modality.VOICE: 2}


def planted(
    count: int, generator: torch.Generator
) -> tuple[dict[Modality, tuple[torch.Tensor, torch.Tensor]], torch.Tensor, torch.Tensor]:
    """Noise, with one picture token that carries a mark and the class."""
    labels = torch.randint(0, 3, (count,), generator=generator)
    places = torch.randint(0, 6, (count,), generator=generator)
    faces = 0.3 * torch.randn(count, 6, 16, generator=generator)
    faces[torch.arange(count), places, 0] = 3.0
    faces[torch.arange(count), places, 1 + labels] = 3.0
    words = 0.3 * torch.randn(count, 4, 16, generator=generator)
    there = {Modality.FACE: faces, Modality.WORDS: words}
    return {name: (value, torch.ones(value.shape[:2], dtype=torch.bool)) for name, value in there.items()}, labels, places


def test_attention_finds_a_planted_signal() -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    decoder = CrossModalDecoder(16, 2, 2, 32, (Modality.WORDS, Modality.FACE), dropout=0.0)
    query, head = torch.nn.Parameter(torch.randn(16)), torch.nn.Linear(16, 3)
    optimizer = torch.optim.AdamW([query, *decoder.parameters(), *head.parameters()], lr=5e-3)
    for _ in range(120):
        tokens, labels, _ = planted(64, generator)
        loss = F.cross_entropy(head(decoder(query.expand(64, -1), tokens)[0]), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens, labels, places = planted(200, generator)
    found, attentions = decoder(query.expand(200, -1), tokens)
    assert (head(found).argmax(1) == labels).float().mean() > 0.95
    assert (attentions[Modality.FACE].argmax(1) == places).float().mean() > 0.95


def test_rows_do_not_depend_on_their_neighbours_or_on_padding(network: MerClip) -> None:
    tokens = tokens_of(3, EVERYTHING)
    together = network(tokens)
    for row in range(3):
        alone = {name: (values[row : row + 1], mask[row : row + 1]) for name, (values, mask) in tokens.items()}
        padded = {
            name: (F.pad(values, (0, 0, 0, 3), value=7.0), F.pad(mask, (0, 3))) for name, (values, mask) in alone.items()
        }  # fmt: skip
        torch.testing.assert_close(network(alone)[0], together[row], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(network(padded)[0], together[row], atol=1e-5, rtol=1e-5)


def test_an_absent_modality_is_as_if_it_had_no_tokens(network: MerClip) -> None:
    tokens = tokens_of(2, EVERYTHING)
    values, mask = tokens[Modality.VOICE]
    emptied = {**tokens, Modality.VOICE: (values, torch.zeros_like(mask))}
    without = {name: part for name, part in tokens.items() if name is not Modality.VOICE}
    torch.testing.assert_close(network(emptied), network(without))
    assert not torch.allclose(network(tokens), network(without))


def test_the_order_of_the_modalities_matters() -> None:
    results = []
    for order in (("words", "face", "voice"), ("voice", "face", "words")):
        torch.manual_seed(0)
        results.append(
            MerClip(ClipTowers(TINY), MerClipOptions(order=order, num_heads=4, hidden_dim=32)).eval()(tokens_of(2, EVERYTHING))
        )
    assert not torch.allclose(*results)


@pytest.mark.parametrize("order", [(), ("words", "words")])
def test_an_order_names_each_modality_once(order: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="once"):
        MerClip(ClipTowers(TINY), MerClipOptions(order=order, num_heads=4))


def test_one_layer_per_modality_or_all_in_every_layer() -> None:
    assert [len(step) for step in CrossModalDecoder(16, 3, 2, 16).plan] == [1, 1, 1]
    assert len(CrossModalDecoder(16, 3, 2, 16, stacked=True).layers) == 9


def test_without_decoder_the_mean_of_the_modalities_is_compared_with_the_labels() -> None:
    torch.manual_seed(0)
    network = MerClip(ClipTowers(TINY), MerClipOptions(decoder=False, num_heads=4)).eval()
    tokens = tokens_of(1, {Modality.FACE: 3, Modality.VOICE: 1})
    means = [F.normalize(values.mean(1), dim=-1) for values, _ in tokens.values()]
    expected = network.log_scale.exp() * F.normalize(sum(means) / 2, dim=-1) @ network.label_features("emotion").T
    torch.testing.assert_close(network(tokens), expected)


def test_only_context_and_decoder_learn_behind_frozen_towers(network: MerClip) -> None:
    network.freeze(trained=())
    tokens = tokens_of(4, EVERYTHING)
    loss = F.cross_entropy(network(tokens), torch.tensor([0, 1, 2, 3])) + F.cross_entropy(
        network(tokens, "sentiment"), torch.zeros(4).long()
    )
    network.zero_grad()
    loss.backward()
    moved = {
        name.split(".")[0]
        for name, weight in network.named_parameters()
        if weight.grad is not None and weight.grad.abs().sum() > 0
    }
    assert moved >= {"labels", "query_prompts", "decoder", "log_scale"}
    assert not moved & {"towers", "label_towers", "sound"}
    assert network.labels["emotion"].context.shape == (8, 16)


@pytest.mark.parametrize("form", ["word", "phrase", "sentence"])
def test_every_label_form_names_every_emotion_differently(form: str) -> None:
    texts = label_texts("emotion", form)
    assert len(texts) == NUM_EMOTIONS == len(set(texts.values()))
    torch.manual_seed(0)
    features = MerClip(ClipTowers({**TINY, "text_cfg": {**TINY["text_cfg"], "context_length": 32}}),
                       MerClipOptions(label_form=form, num_heads=4)).label_features("emotion")  # fmt: skip
    assert features.shape == (NUM_EMOTIONS, 32)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(NUM_EMOTIONS))


def test_settled_labels_are_those_of_the_tower(network: MerClip) -> None:
    tokens = tokens_of(2, EVERYTHING)
    before = network(tokens)
    network.settle()
    torch.testing.assert_close(network(tokens), before)
    network._settled.clear()


def test_attention_is_a_share_of_the_tokens_there_are(network: MerClip) -> None:
    tokens = tokens_of(2, EVERYTHING)
    values, mask = tokens[Modality.FACE]
    mask = mask.clone()
    mask[0, 2:] = False
    _, attentions = network.read({**tokens, Modality.FACE: (values, mask)}, "emotion")
    shares = attentions[Modality.FACE].detach().numpy()
    assert np.allclose(shares.sum(1), 1.0, atol=1e-5)
    assert shares[0, 2:].sum() == 0.0
    assert math.isfinite(float(shares.sum()))
