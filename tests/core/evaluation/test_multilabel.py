"""Figures for several emotions at once agree with scikit-learn and with counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from emoasst_core.evaluation.multilabel import (
    choose_class_thresholds,
    choose_threshold,
    multilabel_figures,
    sentiment_figures,
    weighted_accuracy,
)


def test_figures_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, found = rng.random((200, 6)) < 0.3, rng.random((200, 6)) < 0.4
    truth[:, 0] = True  # no empty row: scikit-learn calls those 0, we call them 1
    figures = multilabel_figures(truth, found)
    assert figures["accuracy"] == pytest.approx(jaccard_score(truth, found, average="samples"))
    assert figures["precision"] == pytest.approx(precision_score(truth, found, average="micro"))
    assert figures["recall"] == pytest.approx(recall_score(truth, found, average="micro"))
    assert figures["micro_f1"] == pytest.approx(f1_score(truth, found, average="micro"))


def test_saying_nothing_where_there_is_nothing_is_right() -> None:
    nothing = np.zeros((3, 4), bool)
    assert multilabel_figures(nothing, nothing)["accuracy"] == 1.0


def test_the_threshold_that_was_planted_is_chosen() -> None:
    rng = np.random.default_rng(1)
    probs = rng.random((300, 3))
    truth = probs >= np.array([0.3, 0.5, 0.7])
    assert choose_class_thresholds(truth, probs) == pytest.approx([0.3, 0.5, 0.7])
    assert choose_threshold(probs >= 0.4, probs) == pytest.approx(0.4)


def test_weighted_accuracy_is_the_mean_of_both_recalls() -> None:
    truth, found = np.array([1, 1, 0, 0, 0, 0], bool), np.array([1, 0, 0, 0, 0, 1], bool)
    assert weighted_accuracy(truth, found) == pytest.approx((0.5 + 0.75) / 2)
    assert weighted_accuracy(truth, np.zeros(6, bool)) == 0.5


def test_both_conventions_of_binary_sentiment() -> None:
    scores = np.array([-1.0, 0.0, 2.0, np.nan])
    figures = sentiment_figures(scores, np.array([False, False, True, True]))
    assert figures["non_negative"]["n"] == 3 and figures["non_negative"]["accuracy"] == pytest.approx(2 / 3)
    assert figures["positive"]["n"] == 2 and figures["positive"]["accuracy"] == 1.0
