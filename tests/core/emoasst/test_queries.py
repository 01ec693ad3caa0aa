"""A query of the Visual Fusion Module is a learned vector plus the feature of a text (EmoAsst, 3.2.1)."""

from __future__ import annotations

import pytest
import torch

from emoasst_core.emoasst.visual_fusion_module import VisualFusionModule


@pytest.mark.parametrize("queries", ["class", "utterance"])
def test_a_query_is_the_sum_of_its_learned_vector_and_its_text(queries: str) -> None:
    generator = torch.Generator().manual_seed(0)
    frames, text = (torch.randn(shape, generator=generator) for shape in ((2, 5, 16), (7, 16)))
    module = VisualFusionModule(16, 4, 32, queries=queries, num_frames=5).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        answers = module(frames, text)
        learned = module.query_embed.clone()
        module.query_embed.zero_()
        torch.testing.assert_close(module(frames, text + learned), answers)
        assert not torch.allclose(module(frames, text), answers, atol=1e-4)
