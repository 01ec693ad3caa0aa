"""The figures that a run is judged by. All are computed from labels and predictions of every row, none filtered away."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS

Labels = NDArray[np.integer[Any]]


def confusion_matrix(labels: Labels, predictions: Labels, num_classes: int = NUM_EMOTIONS) -> NDArray[np.int64]:
    """(c, c) counts; row = true class, column = predicted class.

    A prediction of -1 (the system abstained) is in no column, so a row may sum to less than its support.
    """
    matrix = np.zeros((num_classes, num_classes), np.int64)
    answered = np.asarray(predictions) >= 0
    np.add.at(matrix, (np.asarray(labels)[answered], np.asarray(predictions)[answered]), 1)
    return matrix


def accuracy(labels: Labels, predictions: Labels) -> float:
    """Share of rows predicted right; an abstention counts as wrong.

    >>> round(accuracy(np.array([0, 1, 1]), np.array([0, 1, 0])), 3)
    0.667
    """
    return float(np.mean(np.asarray(labels) == np.asarray(predictions))) if len(labels) else 0.0


def class_scores(labels: Labels, predictions: Labels, num_classes: int = NUM_EMOTIONS) -> dict[str, NDArray[np.float64]]:
    """Precision, recall, F1 and support of every class; 0 where undefined."""
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    hits = np.bincount(labels[labels == predictions], minlength=num_classes).astype(np.float64)
    support = np.bincount(labels, minlength=num_classes).astype(np.float64)
    claimed = np.bincount(predictions[predictions >= 0], minlength=num_classes).astype(np.float64)
    precision = np.divide(hits, claimed, out=np.zeros(num_classes), where=claimed > 0)
    recall = np.divide(hits, support, out=np.zeros(num_classes), where=support > 0)
    f1 = np.divide(2 * hits, claimed + support, out=np.zeros(num_classes), where=claimed + support > 0)
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def macro_f1(labels: Labels, predictions: Labels) -> float:
    """Mean F1 over the classes that occur in the labels."""
    scores = class_scores(labels, predictions)
    present = scores["support"] > 0
    return float(scores["f1"][present].mean()) if present.any() else 0.0


def unweighted_average_recall(labels: Labels, predictions: Labels) -> float:
    """UAR: mean recall over the classes that occur in the labels."""
    scores = class_scores(labels, predictions)
    present = scores["support"] > 0
    return float(scores["recall"][present].mean()) if present.any() else 0.0


def weighted_f1(labels: Labels, predictions: Labels) -> float:
    """F1 weighted by support (EmoAsst, Eq. 5; sklearn's average='weighted')."""
    scores = class_scores(labels, predictions)
    total = scores["support"].sum()
    return float((scores["f1"] * scores["support"]).sum() / total) if total else 0.0


def expected_calibration_error(labels: Labels, probs: NDArray[np.floating[Any]], num_bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al. 2017).

    Args:
        labels: (n,).
        probs: (n, c), rows sum to 1.
    """
    if not len(labels):
        return 0.0
    confidence = probs.max(1)
    right = probs.argmax(1) == np.asarray(labels)
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    error = 0.0
    for index in range(num_bins):
        inside = bins == index
        if inside.any():
            error += inside.mean() * abs(float(right[inside].mean()) - float(confidence[inside].mean()))
    return float(error)


def majority_accuracy(labels: Labels) -> float:
    """Accuracy of always naming the most frequent class: the row every table is read against."""
    return float(np.bincount(np.asarray(labels)).max() / len(labels)) if len(labels) else 0.0


def summary(labels: Labels, probs: NDArray[np.floating[Any]], answered: NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """Every figure of `emoasst eval --json` for one run.

    Args:
        labels: (n,) emotion columns.
        probs: (n, num_emotions); a row the system could not use at all holds NaN and counts as wrong.
        answered: (n,) rows in which the modality was present; coverage is their share.
    """
    labels = np.asarray(labels)
    usable = np.isfinite(probs).all(1)
    predictions = np.where(usable, np.nan_to_num(probs, nan=-1.0).argmax(1), -1)
    scores = class_scores(labels, predictions)
    per_class = {
        name: {key: round(float(scores[key][column]), 4) for key in ("precision", "recall", "f1")}
        | {"support": int(scores["support"][column])}
        for column, name in enumerate(EMOTIONS)
    }
    covered = usable if answered is None else answered & usable
    return {
        "n": len(labels),
        "accuracy": accuracy(labels, predictions),
        "uar": unweighted_average_recall(labels, predictions),
        "macro_f1": macro_f1(labels, predictions),
        "weighted_f1": weighted_f1(labels, predictions),
        "per_class": per_class,
        "confusion": {"labels": list(EMOTIONS), "matrix": confusion_matrix(labels, predictions).tolist()},
        "ece": expected_calibration_error(labels[usable], probs[usable]),
        "coverage": float(covered.mean()) if len(labels) else 0.0,
        "majority_accuracy": majority_accuracy(labels),
    }
