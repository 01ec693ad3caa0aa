"""Attention fusion as in MERBench: a weight per modality from all of them together, no softmax, weighted sum."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emoasst_core.emotions import NUM_EMOTIONS


class AttentionFusion(nn.Module):
    """Features of several modalities to logits. A dropped or absent modality is a vector of zeros, in training and in use.

    Args:
        widths: of each modality's features.
        hidden_dim: of every part.
        dropout: share of activations dropped in training.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, widths: Sequence[int], hidden_dim: int = 128, dropout: float = 0.3) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.encoders = nn.ModuleList(_mlp(width, hidden_dim, dropout) for width in widths)
        self.attention = _mlp(hidden_dim * len(widths), hidden_dim, dropout)
        self.weights = nn.Linear(hidden_dim, len(widths))
        self.head = nn.Linear(hidden_dim, NUM_EMOTIONS)
        self.register_buffer("centre", torch.zeros(sum(widths)))
        self.register_buffer("spread", torch.ones(sum(widths)))

    def fit_scale(self, features: Tensor, present: Tensor) -> None:
        """Take centre and spread of each number from (n, sum of widths) features, of the rows that have the modality."""
        start = 0
        for column, width in enumerate(self.widths):
            rows = features[present[:, column], start : start + width]
            if len(rows) > 1:
                self.centre[start : start + width] = rows.mean(0)
                self.spread[start : start + width] = rows.std(0).clamp_min(1e-4)
            start += width

    def forward(self, features: Tensor, kept: Tensor) -> Tensor:
        """(b, sum of widths) and (b, m) which modalities to use -> (b, num_emotions) logits."""
        logits, _ = self.read(features, kept)
        return logits

    def read(self, features: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the (b, m) weights that the modalities were given."""
        scaled = (features - self.centre) / self.spread
        parts = torch.split(scaled, list(self.widths), dim=1)
        hidden = [
            encoder(part * kept[:, column, None]) for column, (encoder, part) in enumerate(zip(self.encoders, parts, strict=True))
        ]
        weights = self.weights(self.attention(torch.cat(hidden, 1)))
        fused = (torch.stack(hidden, 1) * weights.unsqueeze(-1)).sum(1)
        return self.head(fused), weights


def _mlp(width: int, hidden_dim: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(width, hidden_dim),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden_dim, hidden_dim),
        nn.ReLU(),
    )
