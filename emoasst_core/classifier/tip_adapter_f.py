"""Tip-Adapter-F: the cache with keys that are trained for a few epochs (Zhang et al. 2022). Offered for comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray

from emoasst_core.classifier.tip_adapter import cache_logits, weigh_values
from emoasst_core.errors import CacheError, ConfigError

ADAM_EPSILON = 1e-4  # as published: larger than usual, because far keys get tiny gradients


@dataclass(frozen=True, slots=True)
class TipAdapterFOptions:
    """How the keys are trained; published settings. There is no choice of epoch, so no split is needed for one."""

    num_epochs: int = 20
    learning_rate: float = 1e-3
    batch_size: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.num_epochs, self.batch_size) < 1 or self.learning_rate <= 0:
            raise ConfigError("num_epochs and batch_size must be 1 or more, learning_rate more than 0.")


class TipAdapterF:
    """A cache of one modality whose keys move so that the shots are named right.

    Its keys have no meaning for the family's cache: with one or two shots they learn them by heart, and deleting a shot does
    not undo what it taught the others. The plain cache has neither fault and is what the program uses.

    Args:
        cache_keys: (n, d) unit vectors.
        cache_values: (n, c) labels.
        alpha: how loud the cache is beside the zero-shot logits.
        beta: sharpness.

    Raises:
        CacheError: shapes that do not fit, or no shot.
    """

    def __init__(self, cache_keys: ArrayLike, cache_values: ArrayLike, alpha: float, beta: float) -> None:
        self.cache_keys: NDArray[np.float64] = np.array(cache_keys, np.float64)
        self.cache_values: NDArray[np.float64] = np.array(cache_values, np.float64)
        self.alpha, self.beta = alpha, beta
        if not len(self.cache_keys) or self.cache_keys.ndim != 2 or len(self.cache_keys) != len(self.cache_values):
            raise CacheError(f"Keys {self.cache_keys.shape} and values {self.cache_values.shape} are no cache.")

    def fit(
        self,
        features: ArrayLike,
        labels: ArrayLike,
        zero_shot_logits: ArrayLike,
        options: TipAdapterFOptions | None = None,
    ) -> list[float]:
        """Train the keys with AdamW and a cosine schedule; they stay unit vectors.

        Args:
            features: (m, d) unit vectors of labelled clips: other views of the shots, or other clips.
            labels: (m,) columns of the values.
            zero_shot_logits: (m, c), which the cache is to complete.

        Returns:
            Mean cross entropy of every epoch.

        Raises:
            CacheError: shapes that do not fit.
        """
        options = options or TipAdapterFOptions()
        queries, targets, base = (np.asarray(features), np.asarray(labels), np.asarray(zero_shot_logits))
        if queries.shape[:1] != targets.shape or base.shape != (len(targets), self.cache_values.shape[1]) or not len(targets):
            raise CacheError(f"Features {queries.shape}, labels {targets.shape} and logits {base.shape} do not fit together.")
        cache_logits(queries[:1], self.cache_keys, self.cache_values, self.beta)  # refuses features of another size
        data = torch.from_numpy(queries).float(), torch.from_numpy(targets).long(), torch.from_numpy(base).float()
        keys = torch.nn.Parameter(torch.from_numpy(self.cache_keys).float())
        losses = self._train(keys, data, options)
        self.cache_keys = F.normalize(keys.detach().double(), dim=1).numpy()
        return losses

    def logits(self, query: ArrayLike, zero_shot_logits: ArrayLike) -> NDArray[np.float64]:
        """(d,) or (b, d) queries and their zero-shot logits -> (c,) or (b, c)."""
        cached = cache_logits(query, self.cache_keys, self.cache_values, self.beta)
        return np.asarray(zero_shot_logits, np.float64) + self.alpha * cached

    def _train(self, keys: torch.nn.Parameter, data: tuple[torch.Tensor, ...], options: TipAdapterFOptions) -> list[float]:
        values, generator = torch.from_numpy(self.cache_values).float(), torch.Generator().manual_seed(options.seed)
        optimizer = torch.optim.AdamW([keys], lr=options.learning_rate, eps=ADAM_EPSILON)
        num_steps = options.num_epochs * -(-len(data[0]) // options.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
        losses = []
        for _ in range(options.num_epochs):
            total = 0.0
            for rows in torch.split(torch.randperm(len(data[0]), generator=generator), options.batch_size):
                queries, targets, base = (part[rows] for part in data)
                cached = weigh_values(queries, F.normalize(keys, dim=1), values, self.beta)
                loss = F.cross_entropy(base + self.alpha * cached, targets)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
                total += float(loss.detach()) * len(rows)
            losses.append(total / len(data[0]))
        return losses
