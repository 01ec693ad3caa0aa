"""A support vector machine as plain arrays, so that it can be kept as safetensors: no pickle is ever opened."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emoasst_core.emotions import NUM_EMOTIONS


class StoredSvm(nn.Module):
    """scikit-learn's SVC (one against one, RBF) behind its scaler.

    Args:
        num_support: support vectors.
        width: of a feature row.
        num_classes: classes it was fitted on.
    """

    centre: Tensor
    spread: Tensor
    support: Tensor
    owners: Tensor
    duals: Tensor
    intercepts: Tensor
    gamma: Tensor
    classes: Tensor

    def __init__(self, num_support: int, width: int, num_classes: int = NUM_EMOTIONS) -> None:
        super().__init__()
        num_pairs = num_classes * (num_classes - 1) // 2
        shapes: dict[str, tuple[int, ...]] = {
            "centre": (width,),
            "spread": (width,),
            "support": (num_support, width),
            "owners": (num_support,),
            "duals": (num_classes - 1, num_support),
            "intercepts": (num_pairs,),
            "gamma": (1,),
            "classes": (num_classes,),
        }
        for name, shape in shapes.items():
            dtype = torch.int64 if name in ("owners", "classes") else torch.float64
            self.register_buffer(name, torch.zeros(shape, dtype=dtype))

    @classmethod
    def of(cls, fitted: Any) -> StoredSvm:
        """Take over a fitted pipeline of StandardScaler and SVC."""
        scaler, machine = (step for _, step in fitted.steps)
        stored = cls(len(machine.support_vectors_), machine.support_vectors_.shape[1], len(machine.classes_))
        values = {
            "centre": scaler.mean_, "spread": scaler.scale_, "support": machine.support_vectors_,
            "owners": np.repeat(np.arange(len(machine.classes_)), machine.n_support_), "duals": machine.dual_coef_,
            "intercepts": machine.intercept_, "gamma": [machine._gamma], "classes": machine.classes_,
        }  # fmt: skip
        for name, value in values.items():
            stored.get_buffer(name).copy_(torch.as_tensor(np.asarray(value)))
        return stored

    @property
    def settings(self) -> dict[str, int]:
        """To build one of the same sizes."""
        return {"num_support": len(self.support), "width": self.support.shape[1], "num_classes": len(self.classes)}

    def pair_scores(self, features: Tensor) -> Tensor:
        """(n, width) -> (n, num_pairs): more than 0 for the first class of the pair."""
        scaled = (features.double() - self.centre) / self.spread
        kernel = torch.exp(-self.gamma * torch.cdist(scaled, self.support).square())
        scores = []
        for number, (first, second) in enumerate(combinations(range(len(self.classes)), 2)):
            weights = torch.where(self.owners == first, self.duals[second - 1], 0.0)
            weights = weights + torch.where(self.owners == second, self.duals[first], 0.0)
            scores.append(kernel @ weights + self.intercepts[number])
        return torch.stack(scores, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(n, width) -> (n, NUM_EMOTIONS): pairs won, and a share below 1/3 of how clearly; a class never seen gets -1."""
        scores = self.pair_scores(features)
        count = len(self.classes)
        votes, margins = torch.zeros(len(features), count).double(), torch.zeros(len(features), count).double()
        for number, (first, second) in enumerate(combinations(range(count), 2)):
            won = (scores[:, number] > 0).double()
            votes[:, first] += won
            votes[:, second] += 1 - won
            margins[:, first] += scores[:, number]
            margins[:, second] -= scores[:, number]
        result = torch.full((len(features), NUM_EMOTIONS), -1.0, dtype=torch.float64)
        result[:, self.classes] = votes + margins / (3 * (margins.abs() + 1))
        return result
