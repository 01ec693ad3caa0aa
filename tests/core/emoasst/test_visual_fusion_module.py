"""The visual fusion module: its size, what it ignores, and what cannot learn in it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from emoasst_core.emoasst.visual_fusion_module import VisualFusionModule, class_scores
from emoasst_core.errors import ConfigError, EmoAsstError

EMBED_DIM = 32


def small(**options: object) -> VisualFusionModule:
    torch.manual_seed(0)
    return VisualFusionModule(EMBED_DIM, 4, 64, num_frames=6, **options).eval()  # type: ignore[arg-type]


def clip_batch(num_clips: int = 5, num_frames: int = 6, scope: str = "frame") -> Tensor:
    shape = (num_clips, num_frames, 3, EMBED_DIM) if scope == "patch" else (num_clips, num_frames, EMBED_DIM)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def class_text() -> Tensor:
    return torch.randn(7, EMBED_DIM, generator=torch.Generator().manual_seed(2))


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_without_arguments_it_is_full_size_with_the_papers_11_56_million_parameters() -> None:
    module = VisualFusionModule()
    assert count(module) - module.query_embed.numel() == 11_560_448
    assert module.query_embed.shape == (7, 512)
    assert count(module.encoder) == 3_152_384
    assert [count(layer) for layer in module.decoder] == [4_204_032, 4_204_032]


def test_only_the_video_scope_adds_parameters_one_vector_per_frame() -> None:
    sizes = {scope: count(VisualFusionModule(encoder_scope=scope)) for scope in ("frame", "patch", "video")}  # type: ignore[arg-type]
    assert sizes["patch"] == sizes["frame"]
    assert sizes["video"] == sizes["frame"] + 24 * 512


@pytest.mark.parametrize("scope", ["frame", "patch", "video"])
def test_one_answer_per_query_and_one_unit_vector_per_clip(scope: str) -> None:
    module, frames = small(encoder_scope=scope), clip_batch(scope=scope)
    assert module(frames, class_text()).shape == (5, 7, EMBED_DIM)
    embedded = module.embed(frames, class_text())
    assert embedded.shape == (5, EMBED_DIM)
    torch.testing.assert_close(embedded.norm(dim=1), torch.ones(5))


@pytest.mark.parametrize("scope", ["frame", "patch", "video"])
def test_no_mask_reads_as_a_mask_of_ones(scope: str) -> None:
    module, frames = small(encoder_scope=scope), clip_batch(scope=scope)
    with torch.inference_mode():
        masked = module.embed(frames, class_text(), torch.ones(5, 6, dtype=torch.bool))
        torch.testing.assert_close(module.embed(frames, class_text()), masked, atol=1e-6, rtol=0)


@pytest.mark.parametrize("inference", [True, False], ids=["inference", "autograd"])
@pytest.mark.parametrize("scope", ["frame", "patch", "video"])
def test_what_stands_in_masked_frames_changes_nothing(scope: str, inference: bool) -> None:
    module, frames = small(encoder_scope=scope), clip_batch(scope=scope)
    mask = torch.ones(5, 6, dtype=torch.bool)
    mask[0, 4:] = False
    mask[3, 1:] = False
    spoiled = frames.clone()
    spoiled[~mask] = torch.nan
    with torch.inference_mode(inference):
        whole = module.embed(frames, class_text(), mask)
        torch.testing.assert_close(module.embed(spoiled, class_text(), mask), whole, atol=1e-5, rtol=0)
        shorter = module.embed(frames[:1, :4], class_text())
        torch.testing.assert_close(shorter, whole[:1], atol=1e-5, rtol=0)
        assert (module.embed(frames, class_text())[0] - whole[0]).abs().max() > 1e-3


@pytest.mark.parametrize("scope", ["frame", "patch", "video"])
def test_an_answer_does_not_depend_on_batch_order_or_batch_size(scope: str) -> None:
    module, frames = small(encoder_scope=scope), clip_batch(scope=scope)
    order = torch.tensor([3, 0, 4, 1, 2])
    with torch.inference_mode():
        together = module.embed(frames, class_text())
        shuffled = module.embed(frames[order], class_text())
        alone = torch.cat([module.embed(frames[row : row + 1], class_text()) for row in range(5)])
    torch.testing.assert_close(shuffled, together[order], atol=1e-5, rtol=0)
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("scope", "sees_order"), [("frame", False), ("video", True)])
def test_only_the_video_scope_sees_the_order_of_the_frames(scope: str, sees_order: bool) -> None:
    module, frames = small(encoder_scope=scope), clip_batch(scope=scope)
    with torch.inference_mode():
        change = (module.embed(frames.flip(1), class_text()) - module.embed(frames, class_text())).abs().max()
    assert bool(change > 1e-4) is sees_order


@pytest.mark.parametrize(("scope", "learns"), [("frame", False), ("patch", True), ("video", True)])
def test_query_and_key_weights_of_the_encoder_get_no_gradient_over_single_frames(scope: str, learns: bool) -> None:
    module, frames = small(encoder_scope=scope).train(), clip_batch(scope=scope)
    module.embed(frames, class_text())[:, 0].sum().backward()
    attention = module.encoder.self_attn
    assert attention.in_proj_weight.grad is not None
    assert attention.in_proj_bias.grad is not None
    query_and_key = attention.in_proj_weight.grad[: 2 * EMBED_DIM].norm()
    value = attention.in_proj_weight.grad[2 * EMBED_DIM :].norm()
    assert value > 1e-4
    assert bool(query_and_key > 1e-4 * value) is learns
    assert bool(attention.in_proj_bias.grad[:EMBED_DIM].norm() > 1e-4 * value) is learns


def test_the_dead_weights_of_the_frame_scope_are_525_312() -> None:
    attention = VisualFusionModule().encoder.self_attn
    assert attention.in_proj_weight[:1024].numel() + attention.in_proj_bias[:1024].numel() == 525_312


def test_class_queries_refuse_text_that_differs_between_clips() -> None:
    with pytest.raises(EmoAsstError, match="class queries"):
        small()(clip_batch(), class_text().expand(5, -1, -1))


@pytest.mark.parametrize("queries", ["utterance", "paper"])
def test_the_other_queries_take_one_text_per_clip_and_share_it_among_all_queries(queries: str) -> None:
    module, frames = small(queries=queries), clip_batch()
    text = torch.randn(5, 1, EMBED_DIM)
    torch.testing.assert_close(module(frames, text), module(frames, text.expand(-1, 7, -1)))
    assert module(frames, text).shape == (5, 7, EMBED_DIM)


def test_class_scores_are_the_cosines_of_each_answer_with_its_own_class() -> None:
    answers, text = small()(clip_batch(), class_text()).detach(), class_text()
    scores = class_scores(answers, text)
    for clip in range(5):
        for emotion in range(7):
            expected = torch.cosine_similarity(answers[clip, emotion], text[emotion], dim=0)
            torch.testing.assert_close(scores[clip, emotion], expected)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"queries": "gold"}, "queries"), ({"encoder_scope": "clip"}, "encoder_scope"), ({"num_heads": 7}, "num_heads")],
)
def test_an_unknown_option_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        VisualFusionModule(**options)  # type: ignore[arg-type]


def test_inputs_that_do_not_fit_are_refused_with_their_shape() -> None:
    module, frames, text = small(encoder_scope="video"), clip_batch(), class_text()
    nothing = torch.ones(5, 6, dtype=torch.bool)
    nothing[2] = False
    with pytest.raises(EmoAsstError, match="without any frame"):
        module(frames, text, nothing)
    with pytest.raises(EmoAsstError, match="mask of shape"):
        module(frames, text, nothing[:, :3])
    with pytest.raises(EmoAsstError, match="7 frames"):
        module(clip_batch(num_frames=7), text)
    with pytest.raises(EmoAsstError, match="3 filled axes"):
        module(clip_batch(scope="patch"), text)
