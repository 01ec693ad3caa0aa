from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from emoasst_core.encoders.open_clip_network import _left_out
from emoasst_core.encoders.vision import fold_norms


def tower() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4),
    ).train()  # fmt: skip
    for _ in range(5):
        network(3 + 2 * torch.randn(16, 3, 32, 32))  # so that the norms have something to say
    return network.eval()


@pytest.mark.parametrize("num_pictures", [1, 2, 5])
def test_folded_norms_change_no_embedding(num_pictures: int) -> None:
    network = tower()
    pictures = 3 + 2 * torch.randn(num_pictures, 3, 32, 32)
    folded = fold_norms(network, 32)
    with torch.inference_mode():
        assert not any("batch_norm" in node.kind() for node in folded.graph.nodes())
        torch.testing.assert_close(folded(pictures), network(pictures), rtol=0, atol=1e-5)


def test_a_tower_without_such_norms_stays_as_it_is() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LayerNorm(30))
    assert fold_norms(network, 32) is network


def test_what_is_left_out_cannot_be_imported_inside_and_can_afterwards() -> None:
    sys.modules.pop("colorsys", None)
    with _left_out("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    with _left_out("colorsys"):
        assert sys.modules["colorsys"] is colorsys  # loaded before: left alone
