"""How far a figure might lie off: the bootstrap over whole dialogues or speakers, since their rows are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import NUM_EMOTIONS

NUM_DRAWS = 1_000
Labels = NDArray[np.integer[Any]]
Values = NDArray[np.float64]


def bootstrap_intervals(
    labels: Labels,
    predictions: Labels,
    groups: Sequence[str],
    num_draws: int = NUM_DRAWS,
    coverage: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of accuracy, weighted F1, macro F1 and UAR.

    Every draw takes as many groups as there are, with replacement, each with all of its rows.

    Args:
        labels: (n,) emotion columns.
        predictions: (n,); -1 for an abstention, which counts as wrong.
        groups: (n,) dialogue or speaker of each row.
        num_draws: resamples.
        coverage: share of the draws inside the interval.
        seed: of the resampling.

    Returns:
        {metric: (low, high)}.
    """
    counts = group_confusions(labels, predictions, groups)
    num_groups = len(counts)
    generator = np.random.default_rng(seed)
    draws = generator.multinomial(num_groups, np.full(num_groups, 1 / num_groups), size=num_draws)
    tables = (draws.astype(np.float64) @ counts.reshape(num_groups, -1)).reshape(num_draws, *counts.shape[1:])
    tail = 100 * (1 - coverage) / 2
    low_high = {name: np.percentile(values, [tail, 100 - tail]) for name, values in figures(tables).items()}
    return {name: (float(low), float(high)) for name, (low, high) in low_high.items()}


def group_confusions(labels: Labels, predictions: Labels, groups: Sequence[str]) -> Values:
    """(num_groups, c, c + 1) counts; the last column holds abstentions."""
    _, places = np.unique(np.asarray(groups), return_inverse=True)
    counts = np.zeros((places.max() + 1, NUM_EMOTIONS, NUM_EMOTIONS + 1))
    columns = np.where(np.asarray(predictions) < 0, NUM_EMOTIONS, predictions)
    np.add.at(counts, (places, np.asarray(labels), columns), 1)
    return counts


def figures(tables: Values) -> dict[str, Values]:
    """The metrics of many confusion tables at once.

    Args:
        tables: (..., c, c + 1).

    Returns:
        {metric: (...)}.
    """
    support = tables.sum(-1)
    claimed = tables[..., :, :-1].sum(-2)
    hits = np.diagonal(tables[..., :-1], axis1=-2, axis2=-1)
    f1 = np.divide(2 * hits, claimed + support, out=np.zeros_like(hits), where=claimed + support > 0)
    recall = np.divide(hits, support, out=np.zeros_like(hits), where=support > 0)
    total, present = support.sum(-1), (support > 0).sum(-1)
    seen = support > 0
    return {
        "accuracy": hits.sum(-1) / total,
        "weighted_f1": (f1 * support).sum(-1) / total,
        "macro_f1": (f1 * seen).sum(-1) / present,
        "uar": (recall * seen).sum(-1) / present,
    }
