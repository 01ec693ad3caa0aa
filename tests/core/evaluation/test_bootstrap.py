from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.evaluation.bootstrap import bootstrap_intervals, figures, group_confusions
from emoasst_core.evaluation.metrics import accuracy, macro_f1, unweighted_average_recall, weighted_f1


def made(num_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 7, num_rows)
    predictions = np.where(generator.random(num_rows) < 0.6, labels, generator.integers(-1, 7, num_rows))
    return labels, predictions


def test_figures_from_counts_equal_figures_from_rows():
    labels, predictions = made(300)
    labels[labels == 4] = 3  # a class that does not occur
    table = group_confusions(labels, predictions, [str(row % 9) for row in range(300)]).sum(0)
    found = {name: float(value) for name, value in figures(table).items()}
    expected = {"accuracy": accuracy, "weighted_f1": weighted_f1, "macro_f1": macro_f1, "uar": unweighted_average_recall}
    for name, metric in expected.items():
        assert found[name] == pytest.approx(metric(labels, predictions))


def test_the_interval_of_accuracy_has_the_width_that_theory_gives():
    labels, predictions = made(2000)
    low, high = bootstrap_intervals(labels, predictions, [str(row) for row in range(2000)])["accuracy"]
    share = accuracy(labels, predictions)
    assert low < share < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / 2000), rel=0.15)


def test_rows_that_stand_or_fall_together_widen_the_interval():
    labels, predictions = made(100)
    repeated = np.repeat(labels, 10), np.repeat(predictions, 10)
    alone = bootstrap_intervals(*repeated, [str(row) for row in range(1000)])["accuracy"]
    clustered = bootstrap_intervals(*repeated, [str(row // 10) for row in range(1000)])["accuracy"]
    assert clustered[1] - clustered[0] > 2.5 * (alone[1] - alone[0])


def test_the_same_seed_gives_the_same_interval():
    labels, predictions = made(50)
    groups = [str(row % 5) for row in range(50)]
    assert bootstrap_intervals(labels, predictions, groups) == bootstrap_intervals(labels, predictions, groups)
