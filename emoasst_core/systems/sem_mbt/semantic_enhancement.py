"""Semantic enhancement: a convolutional map asks the words what matters (SEM).

As printed, keys and values are one CLS vector. A softmax over one key is the constant 1, so Conv_q and Conv_k get exactly no
gradient ("paper", proven by a test). "cls_spatial" lets the softmax run over the positions, where a layer norm over channels
alone would divide the position's weight out again, hence over (C, H, W). "tokens" takes the states of all words: a true
cross-attention.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.errors import ConfigError

KINDS = ("tokens", "cls_spatial", "paper")


class SemanticEnhancement(nn.Module):
    """F' = ReLU(Conv_o(F + LN(E))), E = softmax(Q K^T / sqrt(C)) V, with Q of the map and K, V of the words.

    Args:
        channels: of the map.
        text_dim: of a word's state (BERT: 768).
        keys: see the module.

    Raises:
        ConfigError: unknown keys.
    """

    def __init__(self, channels: int, text_dim: int = 768, keys: str = "tokens") -> None:
        super().__init__()
        if keys not in KINDS:
            raise ConfigError(f"Unknown keys of the semantic enhancement: {keys!r}.", f"Known: {', '.join(KINDS)}.")
        self.keys = keys
        self.conv_q = nn.Conv2d(channels, channels, 1)
        self.conv_k = nn.Conv1d(text_dim, channels, 1)
        self.conv_v = nn.Conv1d(text_dim, channels, 1)
        self.conv_o = nn.Conv2d(channels, channels, 1)
        self.norm = nn.LayerNorm(channels)

    def forward(self, maps: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """(n, C, H, W) maps, (n, L, text_dim) words with the sentence's own token first, (n, L) mask -> (n, C, H, W).

        Maps of a clip without words pass Conv_o alone.
        """
        count, channels, height, width = maps.shape
        if self.keys != "tokens":
            words, mask = words[:, :1], mask[:, :1]
        queries = self.conv_q(maps).flatten(2).transpose(1, 2)
        keys, values = self.conv_k(words.transpose(1, 2)), self.conv_v(words.transpose(1, 2)).transpose(1, 2)
        scores = queries @ keys / channels**0.5  # (n, HW, L)
        if self.keys == "cls_spatial":
            attention = scores.softmax(1) * (height * width)  # mean 1 over the positions
        else:
            present = mask.any(1)
            attention = scores.masked_fill(~(mask | ~present[:, None])[:, None], -torch.inf).softmax(2)
        enhanced = attention @ values
        if self.keys == "cls_spatial":
            enhanced = F.layer_norm(enhanced, enhanced.shape[1:]) * self.norm.weight + self.norm.bias
        else:
            enhanced = self.norm(enhanced)
        enhanced = enhanced * mask.any(1)[:, None, None]
        added = enhanced.transpose(1, 2).reshape(count, channels, height, width)
        return F.relu(self.conv_o(maps + added))
