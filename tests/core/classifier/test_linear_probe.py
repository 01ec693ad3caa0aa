"""The linear probe: CLIP's search on the dev rows, all seven columns, and an independent solution."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from emoasst_core.classifier.linear_probe import LinearProbe
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import EmoAsstError

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


def clusters(count: int, spread: float, seed: int, classes: tuple[int, ...] = tuple(range(NUM_EMOTIONS))) -> Rows:
    centres = np.random.default_rng(99).normal(size=(NUM_EMOTIONS, 12))
    source = np.random.default_rng(seed)
    labels = source.choice(classes, count)
    return centres[labels] + spread * source.normal(size=(count, 12)), labels


def test_it_names_held_out_clips_of_separate_clusters() -> None:
    probe = LinearProbe.fit(*clusters(210, 0.3, 0), *clusters(70, 0.3, 1))
    features, labels = clusters(200, 0.3, 2)
    assert np.mean(probe.logits(features).argmax(1) == labels) > 0.97
    np.testing.assert_allclose(probe.probs(features).sum(1), 1.0)
    np.testing.assert_allclose(probe.probs(features[0]), probe.probs(features)[0])


def test_the_strength_with_the_best_dev_score_is_chosen_by_coarse_then_fine_search() -> None:
    probe = LinearProbe.fit(*clusters(60, 2.0, 0), *clusters(100, 2.0, 1))
    strengths = [trial.inverse_regularisation for trial in probe.trials]
    np.testing.assert_allclose(strengths[:7], [1e-6, 1e-4, 1e-2, 1, 1e2, 1e4, 1e6])
    assert 8 <= len(strengths) <= 15
    assert len(set(strengths)) == len(strengths)
    assert probe.best.dev_score == max(trial.dev_score for trial in probe.trials)
    chosen = np.log10(probe.best.inverse_regularisation)
    assert min(abs(np.log10(other) - chosen) for other in strengths if abs(np.log10(other) - chosen) > 1e-9) == pytest.approx(
        0.125
    )


def test_other_dev_rows_may_choose_another_strength_but_never_touch_the_fit() -> None:
    train, dev = clusters(60, 2.0, 0), clusters(100, 2.0, 1)
    probe = LinearProbe.fit(*train, *dev)
    moved = LinearProbe.fit(*train, dev[0], np.roll(dev[1], 1))
    by_strength = {trial.inverse_regularisation: trial for trial in probe.trials}
    assert moved.best.dev_score < probe.best.dev_score
    assert {trial.inverse_regularisation for trial in moved.trials} & set(by_strength)


def test_the_fit_is_the_minimum_of_the_regularised_cross_entropy() -> None:
    features, labels = clusters(80, 1.0, 0)
    probe = LinearProbe.fit(features, labels, *clusters(80, 1.0, 1))
    surplus = probe.probs(features) - np.eye(NUM_EMOTIONS)[labels]
    gradient = surplus.T @ features + probe.weights / probe.best.inverse_regularisation
    assert np.abs(gradient).max() < 0.05
    assert np.abs(surplus.sum(0)).max() < 0.05


@pytest.mark.parametrize("classes", [(1, 4), (0, 2, 6)])
def test_emotions_without_a_train_row_are_never_named(classes: tuple[int, ...]) -> None:
    probe = LinearProbe.fit(*clusters(90, 0.3, 0, classes), *clusters(90, 0.3, 1))
    features, labels = clusters(90, 0.3, 2, classes)
    probs = probe.probs(features)
    assert probs.shape == (90, NUM_EMOTIONS)
    assert np.mean(probs.argmax(1) == labels) > 0.95
    absent = [column for column in range(NUM_EMOTIONS) if column not in classes]
    np.testing.assert_array_equal(probs[:, absent], 0.0)


def test_the_score_it_maximises_can_be_chosen() -> None:
    train, dev = clusters(60, 2.0, 0), clusters(100, 2.0, 1)
    seen = []

    def worst_first(labels: NDArray[np.int64], predictions: NDArray[np.int64]) -> float:
        seen.append(float(np.mean(labels != predictions)))
        return seen[-1]

    probe = LinearProbe.fit(*train, *dev, score=worst_first)
    assert probe.best.dev_score == max(seen)
    assert len(seen) == len(probe.trials)


def test_a_solver_that_ran_out_of_iterations_is_told_not_hidden() -> None:
    features, labels = clusters(60, 2.0, 0)
    scaled = features * np.logspace(-6, 2, 12)
    trials = LinearProbe.fit(scaled, labels, scaled, labels).trials
    assert not all(trial.converged for trial in trials)
    assert any(trial.converged for trial in trials)


def test_rows_that_do_not_fit_are_refused() -> None:
    good = clusters(20, 1.0, 0)
    with pytest.raises(EmoAsstError, match="two emotions"):
        LinearProbe.fit(*clusters(20, 1.0, 0, (3,)), *good)
    with pytest.raises(EmoAsstError, match="same features"):
        LinearProbe.fit(*good, good[0][:, :5], good[1])
    with pytest.raises(EmoAsstError, match="out of range"):
        LinearProbe.fit(good[0], good[1] + 7, *good)
    with pytest.raises(EmoAsstError, match="do not fit"):
        LinearProbe.fit(good[0], good[1][:5], *good)
