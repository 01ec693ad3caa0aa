"""MER-SEM-MBT: sizes as computed, the printed enhancement proven degenerate, the mended one alive; the absent are ignored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from emoasst_core.datatypes import Modality
from emoasst_core.errors import ConfigError
from emoasst_core.systems.sem_mbt.backbones import ResNet18, VGGish
from emoasst_core.systems.sem_mbt.cross_modal import ENCODERS, BottleneckLayer, build_encoder
from emoasst_core.systems.sem_mbt.decision import AttentiveDecision
from emoasst_core.systems.sem_mbt.network import SMALL, SemMbt
from emoasst_core.systems.sem_mbt.preparation import as_inputs, picture_rows, sound_rows, step_frames
from emoasst_core.systems.sem_mbt.semantic_enhancement import SemanticEnhancement

TINY = replace(SMALL, vggish_width=2, vggish_dense=16, resnet_width=4, picture_size=32, dropout=0.0)


def size_of(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def test_sizes_are_those_of_the_paper_or_computed_for_it() -> None:
    with torch.device("meta"):
        assert size_of(VGGish(keys="none")) == 72_141_184
        assert size_of(ResNet18(keys="none")) == 11_176_512
        enhancements = [SemanticEnhancement(channels) for channels in (128, 512, 128, 512)]
        assert sum(map(size_of, enhancements)) == 3_087_872
        assert size_of(BottleneckLayer()) == 133_760


def test_resnet_names_its_weights_as_torchvision_does() -> None:
    from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports

    ensure_torchvision_imports()
    from torchvision.models import resnet18

    theirs = {
        name: tuple(value.shape) for name, value in resnet18(weights=None).state_dict().items() if not name.startswith("fc.")
    }
    assert {name: tuple(value.shape) for name, value in ResNet18(keys="none").state_dict().items()} == theirs


def gradients(keys: str) -> tuple[dict[str, float], Tensor]:
    torch.manual_seed(0)
    module = SemanticEnhancement(8, 12, keys).double()
    maps, words = torch.randn(2, 8, 3, 3).double(), torch.randn(2, 5, 12).double()
    found = module(maps, words, torch.ones(2, 5, dtype=torch.bool))
    (found * torch.randn_like(found)).sum().backward()
    sizes = {name: float(weight.grad.abs().max()) for name, weight in module.named_parameters() if weight.grad is not None}
    return sizes, found


def test_the_printed_enhancement_gives_its_queries_and_keys_no_gradient_at_all() -> None:
    sizes, _ = gradients("paper")
    assert sizes["conv_q.weight"] == sizes["conv_k.weight"] == sizes["conv_q.bias"] == sizes["conv_k.bias"] == 0.0
    assert sizes["conv_v.weight"] > 1e-3


@pytest.mark.parametrize("keys", ["tokens", "cls_spatial"])
def test_the_mended_enhancements_learn_their_queries_and_keys(keys: str) -> None:
    sizes, _ = gradients(keys)
    assert sizes["conv_q.weight"] > 1e-4
    assert sizes["conv_k.weight"] > 1e-4


def test_the_printed_enhancement_adds_the_same_vector_everywhere() -> None:
    torch.manual_seed(0)
    maps, words, mask = torch.randn(1, 8, 4, 4), torch.randn(1, 5, 12), torch.ones(1, 5, dtype=torch.bool)
    for keys, is_constant in (("paper", True), ("tokens", False), ("cls_spatial", False)):
        module = SemanticEnhancement(8, 12, keys)
        seen: list[Tensor] = []
        module.conv_o.register_forward_hook(lambda _module, inputs, _output, seen=seen: seen.append(inputs[0]))
        module(maps, words, mask)
        spread = float((seen[0] - maps).detach().std((2, 3)).max())
        assert (spread < 1e-5) is is_constant


def test_a_map_without_words_passes_the_last_convolution_alone() -> None:
    torch.manual_seed(0)
    module = SemanticEnhancement(4, 6)
    maps = torch.randn(1, 4, 2, 2)
    found = module(maps, torch.randn(1, 3, 6), torch.zeros(1, 3, dtype=torch.bool))
    torch.testing.assert_close(found, F.relu(module.conv_o(maps)))


def test_attention_looks_at_the_word_that_fits_the_map() -> None:
    """Queries and keys set by hand: the first word's key points along channel 0, where half of the map lies."""
    module = SemanticEnhancement(4, 4)
    for convolution in (module.conv_q, module.conv_k, module.conv_v, module.conv_o):
        torch.nn.init.zeros_(convolution.bias)
        convolution.weight.data.copy_(torch.eye(4).reshape(convolution.weight.shape))
    maps = torch.zeros(1, 4, 1, 2)
    maps[0, 0, 0, 0] = maps[0, 1, 0, 1] = 20.0
    seen: list[Tensor] = []
    module.norm.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    module(maps, torch.eye(4)[None, :2], torch.ones(1, 2, dtype=torch.bool))
    torch.testing.assert_close(seen[0][0], torch.eye(4)[:2], atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", ENCODERS)
def test_padding_and_an_absent_side_change_nothing(kind: str) -> None:
    torch.manual_seed(0)
    layer = build_encoder(kind, 16, 2, 4).eval()
    sound, picture = torch.randn(2, 3, 16), torch.randn(2, 2, 16)
    there, gone = torch.ones(2, 3, dtype=torch.bool), torch.zeros(2, 2, dtype=torch.bool)
    padded = F.pad(sound, (0, 0, 0, 2), value=5.0), F.pad(there, (0, 2))
    heard = layer(sound, picture, there, gone)[0]
    torch.testing.assert_close(layer(padded[0], picture + 3, padded[1], gone)[0][:, :3], heard, atol=1e-5, rtol=1e-5)
    assert torch.isfinite(heard).all()


@pytest.mark.parametrize("kind", ENCODERS)
def test_what_only_the_picture_shows_reaches_the_sound(kind: str) -> None:
    """A planted signal: the class stands in one picture token, and is read off the sound's side."""
    torch.manual_seed(0)
    layer, head = build_encoder(kind, 16, 2, 4), torch.nn.Linear(16, 3)
    optimizer = torch.optim.AdamW([*layer.parameters(), *head.parameters()], lr=5e-3)
    found = torch.zeros(())
    for _ in range(160):
        labels = torch.randint(0, 3, (64,))
        sound, picture = 0.3 * torch.randn(64, 3, 16), 0.3 * torch.randn(64, 4, 16)
        picture[torch.arange(64), torch.randint(0, 4, (64,)), labels] += 4.0
        masks = torch.ones(64, 3, dtype=torch.bool), torch.ones(64, 4, dtype=torch.bool)
        logits = head(layer(sound, picture, *masks)[0].mean(1))
        found = (logits.argmax(1) == labels).float().mean()
        optimizer.zero_grad()
        F.cross_entropy(logits, labels).backward()
        optimizer.step()
    assert found > 0.9


def test_decisions_are_weighed_among_those_there_are() -> None:
    torch.manual_seed(0)
    decision = AttentiveDecision(7, 8)
    scores, present = torch.randn(4, 3, 7), torch.tensor([[True, True, False]]).repeat(4, 1)
    decided, alpha = decision(scores, present)
    assert alpha.shape == (4, 3)
    assert decision.second.weight.shape == (1, 8)  # the paper prints three, which fits nothing
    torch.testing.assert_close(alpha.sum(1), torch.ones(4))
    assert alpha[:, 2].abs().max() == 0
    torch.testing.assert_close(decided, (alpha[:, :2, None] * scores[:, :2]).sum(1))


def prepared(count: int) -> dict[Modality, tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    shapes = {Modality.VOICE: (2, 64 * 96), Modality.FACE: (2, 3 * 32 * 32), Modality.WORDS: (4, 12)}
    return {
        name: (torch.randn(count, *shape, generator=generator), torch.ones(count, shape[0], dtype=torch.bool))
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("left_out", [(), ("voice",), ("face",), ("words",), ("voice", "words")])
def test_any_subset_is_read_and_rows_do_not_depend_on_their_neighbours(left_out: tuple[str, ...]) -> None:
    torch.manual_seed(0)
    network = SemMbt(12, TINY).eval()
    given = {name: part for name, part in prepared(3).items() if name.value not in left_out}
    together = network(given)
    alone = torch.cat(
        [network({name: (rows[n : n + 1], mask[n : n + 1]) for name, (rows, mask) in given.items()}) for n in range(3)]
    )
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_words_guide_seeing_even_where_they_do_not_decide() -> None:
    torch.manual_seed(0)
    network = SemMbt(12, replace(TINY, text_decision=False)).eval()
    given = prepared(1)
    changed = {**given, Modality.WORDS: (given[Modality.WORDS][0] + 1.0, given[Modality.WORDS][1])}
    assert not torch.allclose(network(given), network(changed))
    deaf = SemMbt(12, replace(TINY, text_decision=False, sem_keys="none")).eval()
    torch.testing.assert_close(deaf(given), deaf(changed))


def test_nothing_to_decide_by_is_refused() -> None:
    with pytest.raises(ConfigError):
        SemMbt(12, TINY)({})


def test_prepared_pictures_and_sound_forget_light_and_level() -> None:
    picture = np.random.default_rng(0).integers(40, 120, (32, 32, 3)).astype(np.uint8)
    torch.testing.assert_close(picture_rows([picture], 32), picture_rows([picture * 2 + 10], 32), atol=1e-4, rtol=1e-3)
    rows = as_inputs(sound_rows(np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32), 4))
    assert rows.shape == (3, 64 * 96)
    torch.testing.assert_close(rows.var(1), torch.ones(3), atol=1e-2, rtol=0)


def test_the_middle_frame_of_each_step_is_taken_in_use_and_any_in_training() -> None:
    assert step_frames(12, 3) == [2, 6, 10]
    drawn = {tuple(step_frames(12, 3, torch.Generator().manual_seed(seed))) for seed in range(20)}
    assert len(drawn) > 10
    assert all(0 <= a < 4 <= b < 8 <= c < 12 for a, b, c in drawn)
