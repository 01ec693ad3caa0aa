from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.emotions import EMOTIONS
from emoasst_core.evaluation.metrics import (
    accuracy,
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    majority_accuracy,
    summary,
    unweighted_average_recall,
    weighted_f1,
)

# Three classes by hand: of four 0s two are right, of two 1s both, the one 2 is called 0.
LABELS = np.array([0, 0, 0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 0, 1, 1, 1, 1, 0])


def test_rows_of_the_confusion_are_true_and_columns_predicted() -> None:
    assert confusion_matrix(LABELS, PREDICTIONS, 3).tolist() == [[2, 2, 0], [0, 2, 0], [1, 0, 0]]


def test_scores_are_those_worked_out_by_hand() -> None:
    scores = class_scores(LABELS, PREDICTIONS, 3)

    np.testing.assert_allclose(scores["precision"], [2 / 3, 1 / 2, 0])
    np.testing.assert_allclose(scores["recall"], [1 / 2, 1, 0])
    np.testing.assert_allclose(scores["f1"], [4 / 7, 2 / 3, 0])
    assert scores["support"].tolist() == [4, 2, 1]
    assert accuracy(LABELS, PREDICTIONS) == pytest.approx(4 / 7)
    assert macro_f1(LABELS, PREDICTIONS) == pytest.approx((4 / 7 + 2 / 3 + 0) / 3)
    assert unweighted_average_recall(LABELS, PREDICTIONS) == pytest.approx(0.5)
    assert weighted_f1(LABELS, PREDICTIONS) == pytest.approx((4 * 4 / 7 + 2 * 2 / 3) / 7)
    assert majority_accuracy(LABELS) == pytest.approx(4 / 7)


def test_classes_that_do_not_occur_do_not_pull_the_mean_down() -> None:
    labels = np.array([0, 0, 6])

    assert macro_f1(labels, labels) == 1.0
    assert unweighted_average_recall(labels, labels) == 1.0


def test_an_abstention_counts_as_wrong_and_stands_in_no_column() -> None:
    labels, predictions = np.array([0, 1, 1]), np.array([0, -1, 1])

    assert accuracy(labels, predictions) == pytest.approx(2 / 3)
    assert confusion_matrix(labels, predictions, 2).tolist() == [[1, 0], [0, 1]]
    assert class_scores(labels, predictions, 2)["recall"].tolist() == [1.0, 0.5]


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    probs = np.tile([0.8, 0.2], (10, 1))
    labels = np.array([0] * 5 + [1] * 5)  # right half of the time, sure by 0.8

    assert expected_calibration_error(labels, probs) == pytest.approx(0.3)


def test_honest_confidence_has_no_calibration_error() -> None:
    probs = np.array([[1.0, 0.0]] * 4 + [[0.75, 0.25]] * 4)
    labels = np.array([0] * 4 + [0, 0, 0, 1])

    assert expected_calibration_error(labels, probs) == pytest.approx(0.0)


def test_a_summary_counts_rows_that_could_not_be_read_as_wrong_and_uncovered() -> None:
    probs = np.full((4, 7), 0.05)
    probs[[0, 1, 2, 3], [1, 1, 3, 0]] = 0.7
    probs[3] = np.nan
    labels = np.array([1, 1, 2, 0])

    result = summary(labels, probs, answered=np.array([True, True, True, False]))

    assert (result["n"], result["accuracy"], result["coverage"]) == (4, 0.5, 0.75)
    assert result["per_class"]["joy"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 2}
    assert result["per_class"]["neutral"]["recall"] == 0.0
    assert result["confusion"]["labels"] == list(EMOTIONS)
    assert np.sum(result["confusion"]["matrix"]) == 3


def test_nothing_to_score_scores_nothing() -> None:
    nothing = np.array([], np.int64)

    assert accuracy(nothing, nothing) == macro_f1(nothing, nothing) == weighted_f1(nothing, nothing) == 0.0
    assert expected_calibration_error(nothing, np.zeros((0, 7))) == 0.0
