"""Figures for several emotions at once, and for sentiment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)
Presence = NDArray[np.bool_]


def multilabel_figures(truth: Presence, predicted: Presence) -> dict[str, float]:
    """Jaccard accuracy and micro precision, recall and F1 (the measures of MER-CLIP's Table 1).

    "Accuracy" there is the example-based one of the code it compares with: the mean of |Y and Z| / |Y or Z|, 1 where both are
    empty.

    Args:
        truth, predicted: (n, c).

    >>> multilabel_figures(np.array([[1, 1, 0]], bool), np.array([[1, 0, 1]], bool))["accuracy"]
    0.3333333333333333
    """
    truth, predicted = truth.astype(bool), predicted.astype(bool)
    both, either = (truth & predicted).sum(1), (truth | predicted).sum(1)
    hits, claimed, there = both.sum(), predicted.sum(), truth.sum()
    jaccard = np.divide(both, either, out=np.ones(len(both)), where=either > 0)
    return {
        "accuracy": float(jaccard.mean()),
        "precision": float(hits / claimed) if claimed else 0.0,
        "recall": float(hits / there) if there else 0.0,
        "micro_f1": float(2 * hits / (claimed + there)) if claimed + there else 0.0,
    }


def choose_threshold(truth: Presence, probs: NDArray[np.floating[Any]], thresholds: NDArray[np.float64] = THRESHOLDS) -> float:
    """The one threshold with the best micro F1; for dev, never for test. The lowest of equals."""
    scores = [multilabel_figures(truth, probs >= threshold)["micro_f1"] for threshold in thresholds]
    return float(thresholds[int(np.argmax(scores))])


def choose_class_thresholds(
    truth: Presence, probs: NDArray[np.floating[Any]], thresholds: NDArray[np.float64] = THRESHOLDS
) -> NDArray[np.float64]:
    """(c,) the threshold of best F1 for every class by itself."""
    best = np.zeros(truth.shape[1])
    for column in range(truth.shape[1]):
        scores = [positive_f1(truth[:, column], probs[:, column] >= threshold) for threshold in thresholds]
        best[column] = thresholds[int(np.argmax(scores))]
    return best


def positive_f1(truth: Presence, predicted: Presence) -> float:
    """F1 of the positive class (MER-SEM-MBT, Eq. 12)."""
    total = truth.sum() + predicted.sum()
    return float(2 * (truth & predicted).sum() / total) if total else 0.0


def weighted_accuracy(truth: Presence, predicted: Presence) -> float:
    """(TP * N / P + TN) / 2N, the mean of both recalls (MER-SEM-MBT, Eq. 11); of what there is, where a class is empty."""
    recalls = [float(predicted[truth].mean())] if truth.any() else []
    recalls += [float((~predicted[~truth]).mean())] if (~truth).any() else []
    return float(np.mean(recalls)) if recalls else 0.0


def sentiment_figures(sentiment: NDArray[np.floating[Any]], is_positive: Presence) -> dict[str, dict[str, float]]:
    """Binary sentiment by both conventions; papers mix them up.

    Args:
        sentiment: (n,) true score; NaN rows are left out.
        is_positive: (n,) the prediction.

    Returns:
        "non_negative": score >= 0 counts as positive, all rows; "positive": rows with score 0 are left out. Each with n,
        accuracy and support-weighted F1.
    """
    known = np.isfinite(sentiment)
    decided = known & (sentiment != 0)
    return {
        "non_negative": _binary(sentiment[known] >= 0, is_positive[known]),
        "positive": _binary(sentiment[decided] > 0, is_positive[decided]),
    }


def _binary(truth: Presence, predicted: Presence) -> dict[str, float]:
    if not len(truth):
        return {"n": 0.0, "accuracy": 0.0, "f1": 0.0}
    share = float(truth.mean())
    f1 = share * positive_f1(truth, predicted) + (1 - share) * positive_f1(~truth, ~predicted)
    return {"n": float(len(truth)), "accuracy": float((truth == predicted).mean()), "f1": f1}
