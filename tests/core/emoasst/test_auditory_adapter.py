"""The auditory adapter: its size, and that padding, order and batch size change nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from emoasst_core.emoasst.auditory_adapter import AuditoryAdapter
from emoasst_core.errors import ConfigError, EmoAsstError

AUDIO_DIM, EMBED_DIM = 24, 32


def small(projection: str = "pre") -> AuditoryAdapter:
    torch.manual_seed(0)
    return AuditoryAdapter(AUDIO_DIM, EMBED_DIM, 4, 64, 2, projection).eval()  # type: ignore[arg-type]


def padded_batch() -> tuple[Tensor, Tensor]:
    states = torch.randn(4, 9, AUDIO_DIM, generator=torch.Generator().manual_seed(1))
    return states, torch.arange(9)[None] < torch.tensor([9, 5, 1, 7])[:, None]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_without_arguments_it_is_full_size_with_the_papers_9_46_million_parameters_in_its_layers() -> None:
    adapter = AuditoryAdapter()
    assert count(adapter.layers) == 9_457_152
    assert count(adapter) == 9_850_880
    assert adapter(torch.randn(1, 3, 768)).shape == (1, 512)


def test_projecting_after_the_layers_needs_16_9_million() -> None:
    adapter = AuditoryAdapter(projection="post")
    assert count(adapter.layers) == 16_541_952
    assert count(adapter) == 16_935_680
    assert adapter(torch.randn(1, 3, 768)).shape == (1, 512)


@pytest.mark.parametrize("inference", [True, False], ids=["inference", "autograd"])
@pytest.mark.parametrize("projection", ["pre", "post"])
def test_padding_changes_nothing_whatever_stands_in_it(projection: str, inference: bool) -> None:
    adapter, (states, mask) = small(projection), padded_batch()
    spoiled = states.clone()
    spoiled[~mask] = torch.inf
    with torch.inference_mode(inference):
        whole = adapter(states, mask)
        torch.testing.assert_close(adapter(spoiled, mask), whole, atol=1e-5, rtol=0)
        for row, length in enumerate(mask.sum(1).tolist()):
            torch.testing.assert_close(adapter(states[row : row + 1, :length]), whole[row : row + 1], atol=1e-5, rtol=0)
        assert (adapter(states)[1] - whole[1]).abs().max() > 1e-3


def test_an_embedding_does_not_depend_on_batch_order_and_has_length_one() -> None:
    adapter, (states, mask) = small(), padded_batch()
    order = torch.tensor([2, 0, 3, 1])
    with torch.inference_mode():
        whole = adapter(states, mask)
        torch.testing.assert_close(adapter(states[order], mask[order]), whole[order], atol=1e-5, rtol=0)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(4))


def test_training_in_half_precision_gives_finite_gradients_everywhere() -> None:
    adapter, (states, mask) = small().train(), padded_batch()
    with torch.autocast("cpu", torch.bfloat16):
        embeddings = adapter(states, mask)
    assert embeddings.dtype is torch.float32
    embeddings[:, 0].sum().backward()
    assert all(parameter.grad is not None and bool(parameter.grad.isfinite().all()) for parameter in adapter.parameters())


def test_inputs_that_do_not_fit_are_refused() -> None:
    adapter, (states, mask) = small(), padded_batch()
    with pytest.raises(EmoAsstError, match="without any sound"):
        adapter(states, mask & False)
    with pytest.raises(EmoAsstError, match="mask of shape"):
        adapter(states, mask[:2])
    with pytest.raises(EmoAsstError, match="b, t, 24"):
        adapter(states[..., :5])
    with pytest.raises(ConfigError, match="num_heads"):
        AuditoryAdapter(num_heads=7)
    with pytest.raises(ConfigError, match="projection"):
        AuditoryAdapter(projection="beside")  # type: ignore[arg-type]
