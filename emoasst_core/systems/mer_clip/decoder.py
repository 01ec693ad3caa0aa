"""The cross-modal decoder: an emotion query that reads the words, then the pictures, then the sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from emoasst_core.datatypes import Modality
from emoasst_core.errors import ConfigError

ORDER = (Modality.WORDS, Modality.FACE, Modality.VOICE)  # the best of the paper's fifteen (its Table 4): L, V, A
Tokens = Mapping[Modality, tuple[Tensor, Tensor]]


class CrossModalLayer(nn.Module):
    """Attention from the target to a token sequence, and a hidden layer; both with a shortcut and a norm after it."""

    def __init__(self, width: int, num_heads: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, num_heads, dropout, batch_first=True)
        self.attention_norm = nn.LayerNorm(width)
        self.hidden = nn.Sequential(nn.Linear(width, hidden_dim), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden_dim, width))
        self.hidden_norm = nn.LayerNorm(width)

    def forward(self, target: Tensor, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(b, 1, d) target, (b, t, d) tokens, (b, t) which there are -> (b, 1, d) and the (b, t) attention.

        A row without tokens keeps its target and attends to nothing.
        """
        present = mask.any(1)
        safe = mask | ~present[:, None]  # attention over no key at all is not a number
        read, attention = self.attention(target, tokens, tokens, key_padding_mask=~safe, need_weights=True)
        found = self.attention_norm(target + read)
        found = self.hidden_norm(found + self.hidden(found))
        return torch.where(present[:, None, None], found, target), attention[:, 0] * present[:, None]


class CrossModalDecoder(nn.Module):
    """Layers that read one modality each, in a given order.

    Args:
        width: of tokens and target (512).
        num_layers: 3; layer l reads modality order[l mod len(order)].
        num_heads: 8.
        hidden_dim: of each layer's hidden part (512).
        order: any order of any modalities.
        stacked: let every layer read all modalities in order, instead of one each.
        dropout: in training.

    Raises:
        ConfigError: an empty order, or one that names a modality twice.
    """

    def __init__(
        self,
        width: int = 512,
        num_layers: int = 3,
        num_heads: int = 8,
        hidden_dim: int = 512,
        order: Sequence[Modality] = ORDER,
        stacked: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if not order or len(set(order)) != len(order):
            raise ConfigError("The order of a cross-modal decoder names each modality once, and at least one.")
        self.order = tuple(order)
        self.plan = [
            self.order if stacked else (self.order[layer % len(self.order)],)
            for layer in range(num_layers)
        ]  # fmt: skip
        count = sum(len(step) for step in self.plan)
        self.layers = nn.ModuleList(CrossModalLayer(width, num_heads, hidden_dim, dropout) for _ in range(count))

    def forward(self, query: Tensor, tokens: Tokens) -> tuple[Tensor, dict[Modality, Tensor]]:
        """(b, d) queries and {modality: ((b, t, d), (b, t))} -> (b, d) and {modality: (b, t) attention of its last layer}."""
        target = query.unsqueeze(1)
        attentions: dict[Modality, Tensor] = {}
        steps = [modality for step in self.plan for modality in step]
        for layer, modality in zip(self.layers, steps, strict=True):
            if modality in tokens:
                target, attentions[modality] = layer(target, *tokens[modality])
        return target[:, 0], attentions
