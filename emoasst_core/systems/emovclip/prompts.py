"""Deep prompts: learnable tokens in the first layers of both towers of a frozen CLIP."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.systems.clip_towers import ClipTowers

NUM_TOKENS = 4
DEPTH = 12  # "the first 12 layers": all of B/32, half of L/14's vision tower


class DeepPrompts(nn.Module):
    """Prompt tokens per layer; each layer's replace those of the layer before (Rasheed et al. 2023, ViFi-CLIP).

    Picture prompts stand after the patches, text prompts after the start token. For ViT-B/32 these are 4 x 12 x (768 + 512) =
    61,440 parameters, for L/14 86,016.

    Args:
        towers: a CLIP; it is given at every call and is no part of this module.
        num_tokens: per layer and tower.
        depth: layers with prompts of their own; fewer where a tower has fewer.
    """

    def __init__(self, towers: ClipTowers, num_tokens: int = NUM_TOKENS, depth: int = DEPTH) -> None:
        super().__init__()
        self.num_tokens = num_tokens
        widths = {"vision": towers.visual.class_embedding.shape[0], "text": towers.text.token_embedding.weight.shape[1]}
        layers = {"vision": len(towers.visual.transformer.resblocks), "text": len(towers.text.transformer.resblocks)}
        self.tokens = nn.ParameterDict(
            {name: nn.Parameter(0.02 * torch.randn(min(depth, layers[name]), num_tokens, widths[name])) for name in widths}
        )

    def picture_features(self, towers: ClipTowers, pictures: Tensor) -> Tensor:
        """(n, 3, s, s) -> (n, embed_dim) unit vectors."""
        visual = towers.visual
        hidden = visual._embeds(pictures)
        first = hidden.shape[1]
        hidden = torch.cat([hidden, self._of("vision", 0, len(hidden))], 1)
        hidden = self._run(visual.transformer, "vision", hidden, first, None)
        pooled, _ = visual._pool(hidden)
        if visual.proj is not None:
            pooled = pooled @ visual.proj
        return F.normalize(pooled.float(), dim=-1)

    def text_features(self, towers: ClipTowers, numbers: Tensor) -> Tensor:
        """(n, context_length) token numbers -> (n, embed_dim) unit vectors; the last `num_tokens` places must be free."""
        text = towers.text
        words = text.token_embedding(numbers[:, : towers.context_length - self.num_tokens])
        hidden = torch.cat([words[:, :1], self._of("text", 0, len(words)), words[:, 1:]], 1)
        hidden = hidden + text.positional_embedding[: hidden.shape[1]]
        mask = text.attn_mask[: hidden.shape[1], : hidden.shape[1]]
        hidden = text.ln_final(self._run(text.transformer, "text", hidden, 1, mask))
        ends = hidden[torch.arange(len(hidden)), numbers.argmax(-1) + self.num_tokens]
        projection = text.text_projection
        found = projection(ends) if isinstance(projection, nn.Linear) else ends @ projection
        return F.normalize(found.float(), dim=-1)

    def _run(self, transformer: Any, name: str, hidden: Tensor, place: int, mask: Tensor | None) -> Tensor:
        """The layers; before layer l < depth the tokens at `place` become that layer's."""
        is_batch_first = bool(getattr(transformer, "batch_first", True))
        for layer, block in enumerate(transformer.resblocks):
            if 0 < layer < len(self.tokens[name]):
                own = self._of(name, layer, len(hidden))
                hidden = torch.cat([hidden[:, :place], own, hidden[:, place + self.num_tokens :]], 1)
            if is_batch_first:
                hidden = block(hidden, attn_mask=mask)
            else:
                hidden = block(hidden.transpose(0, 1), attn_mask=mask).transpose(0, 1)
        return hidden

    def _of(self, name: str, layer: int, count: int) -> Tensor:
        expanded: Tensor = self.tokens[name][layer].expand(count, -1, -1)
        return expanded
