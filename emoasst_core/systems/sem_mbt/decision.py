"""Attentive decision fusion: the three modalities' scores weighed by themselves (Eq. 4-6, mended)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AttentiveDecision(nn.Module):
    """alpha = softmax over modalities of tanh(S W1) W2; the decision is the sum of alpha_m S_m.

    The paper prints W2 with 3 columns, which gives a 3 x 3 matrix where three weights are needed; here it has one.

    Args:
        num_classes: scores per modality.
        hidden_dim: M, columns of W1.
    """

    def __init__(self, num_classes: int, hidden_dim: int = 32) -> None:
        super().__init__()
        self.first = nn.Linear(num_classes, hidden_dim, bias=False)
        self.second = nn.Linear(hidden_dim, 1, bias=False)

    def forward(self, scores: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """(b, m, num_classes) and (b, m) -> (b, num_classes) and the (b, m) weights, 0 where absent, summing to 1."""
        raw = self.second(torch.tanh(self.first(scores)))[..., 0]
        alpha = raw.masked_fill(~(present | ~present.any(1, keepdim=True)), -torch.inf).softmax(1)
        return (alpha.unsqueeze(-1) * scores).sum(1), alpha
