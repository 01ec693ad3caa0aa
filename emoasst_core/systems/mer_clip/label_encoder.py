"""The label encoder: labels as points in CLIP's space, behind learnable context words and a frozen text tower."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.errors import ConfigError
from emoasst_core.systems.clip_towers import ClipTowers

NUM_CONTEXT = 8  # MER-CLIP, 3.2


class LabelEncoder(nn.Module):
    """Texts with context vectors in front of them (CoOp) through a text tower that is not trained.

    The tower is given at each call and is no part of this module, so that one tower can serve several label sets.

    Args:
        towers: for its vocabulary and widths.
        texts: one per label.
        num_context: learnable vectors, shared by all labels.

    Raises:
        ConfigError: a text does not fit beside the context.
    """

    numbers: Tensor

    def __init__(self, towers: ClipTowers, texts: Sequence[str], num_context: int = NUM_CONTEXT) -> None:
        super().__init__()
        numbers = towers.tokenize(texts)
        longest = int(numbers.argmax(-1).max()) + 1
        if longest + num_context > towers.context_length:
            raise ConfigError(f"A label has {longest} tokens; with {num_context} context vectors they do not fit the text tower.")
        self.register_buffer("numbers", numbers[:, : towers.context_length - num_context], persistent=False)
        self.context = nn.Parameter(torch.empty(num_context, towers.text.token_embedding.weight.shape[1]))
        nn.init.normal_(self.context, std=0.02)

    def forward(self, towers: ClipTowers) -> Tensor:
        """(num_labels, embed_dim) unit vectors: start token, context, label, end token; the end token's state is taken."""
        words = towers.text.token_embedding(self.numbers)
        context = self.context.expand(len(words), -1, -1)
        states = towers.run_text(torch.cat([words[:, :1], context, words[:, 1:]], 1))
        ends = self.numbers.argmax(-1) + self.context.shape[0]
        return F.normalize(states[torch.arange(len(states)), ends].float(), dim=-1)
