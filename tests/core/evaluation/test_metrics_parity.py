"""The figures against scikit-learn, and weighted F1 against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from emoasst_core.evaluation.metrics import (
    accuracy,
    class_scores,
    confusion_matrix,
    macro_f1,
    majority_accuracy,
    unweighted_average_recall,
    weighted_f1,
)

Columns = NDArray[np.int64]


def draw(seed: int, classes: tuple[int, ...], count: int = 300) -> tuple[Columns, Columns]:
    """Labels over the classes given; predictions over all seven, right about half of the time."""
    source = np.random.default_rng(seed)
    labels = source.choice(classes, count, p=source.dirichlet(np.ones(len(classes))))
    return labels, np.where(source.random(count) < 0.5, labels, source.integers(0, 7, count))


CASES = [draw(seed, classes) for seed, classes in enumerate([tuple(range(7)), tuple(range(7)), (0, 1, 4), (2,)])]
each_case = pytest.mark.parametrize(("labels", "predictions"), CASES, ids=["all", "all again", "three classes", "one class"])


@each_case
def test_weighted_f1_agrees_with_equation_5_written_as_loops(labels: Columns, predictions: Columns) -> None:
    total = 0.0
    for column in range(7):
        hits = sum(1 for label, guess in zip(labels, predictions, strict=True) if label == column and guess == column)
        claimed = sum(1 for guess in predictions if guess == column)
        support = sum(1 for label in labels if label == column)
        precision = hits / claimed if claimed else 0.0
        recall = hits / support if support else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        total += support / len(labels) * f1
    assert weighted_f1(labels, predictions) == pytest.approx(total, abs=1e-5)


@each_case
def test_every_figure_agrees_with_scikit_learn(labels: Columns, predictions: Columns) -> None:
    present = np.unique(labels)
    options = {"labels": present, "zero_division": 0}
    assert accuracy(labels, predictions) == pytest.approx(sklearn_metrics.accuracy_score(labels, predictions))
    weighted = sklearn_metrics.f1_score(labels, predictions, average="weighted", **options)
    assert weighted_f1(labels, predictions) == pytest.approx(weighted)
    macro = sklearn_metrics.f1_score(labels, predictions, average="macro", **options)
    assert macro_f1(labels, predictions) == pytest.approx(macro)
    recall = sklearn_metrics.recall_score(labels, predictions, average="macro", **options)
    assert unweighted_average_recall(labels, predictions) == pytest.approx(recall)
    expected = sklearn_metrics.confusion_matrix(labels, predictions, labels=range(7))
    np.testing.assert_array_equal(confusion_matrix(labels, predictions), expected)


@each_case
def test_precision_recall_and_f1_of_each_class_agree_with_scikit_learn(labels: Columns, predictions: Columns) -> None:
    expected = sklearn_metrics.precision_recall_fscore_support(labels, predictions, labels=range(7), zero_division=0)
    scores = class_scores(labels, predictions)
    for name, column in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        np.testing.assert_allclose(scores[name], column)


def test_always_neutral_on_meld_scores_48_12_and_31_27() -> None:
    """Official test split of MELD, 2,610 utterances: neutral, joy, sadness, anger, fear, surprise, disgust."""
    labels = np.repeat(np.arange(7), [1256, 402, 208, 345, 50, 281, 68])
    neutral = np.zeros_like(labels)
    assert len(labels) == 2610
    assert 100 * accuracy(labels, neutral) == pytest.approx(48.12, abs=0.005)
    assert 100 * majority_accuracy(labels) == pytest.approx(48.12, abs=0.005)
    assert 100 * weighted_f1(labels, neutral) == pytest.approx(31.27, abs=0.005)
