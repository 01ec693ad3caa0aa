from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.cues.smoothing import ProbSmoother


@pytest.mark.parametrize("start_s", [0.0, 3600.0])
@pytest.mark.parametrize(("second", "time_constant_s"), [([0.5, 0.5], 0.5), ([0.7, 0.3], 0.3), ([0.05, 0.95], 0.1)])
def test_the_average_forgets_with_the_time_constant_that_the_readings_margin_leaves(start_s, second, time_constant_s):
    smoother = ProbSmoother(0.5)
    smoother.add(start_s, np.array([1.0, 0.0], np.float32))
    value = smoother.add(start_s + 0.5, np.array(second, np.float32))
    kept = np.exp(-0.5 / time_constant_s)
    assert np.allclose(value, kept * np.array([1.0, 0.0]) + (1 - kept) * np.array(second), atol=1e-5)


def test_without_a_time_constant_only_the_newest_reading_counts():
    smoother = ProbSmoother(0.0)
    smoother.add(0.0, np.array([1.0, 0.0], np.float32))
    assert np.allclose(smoother.add(0.1, np.array([0.4, 0.6], np.float32)), [0.4, 0.6])


def test_a_sure_reading_moves_the_average_sooner_than_a_doubtful_one():
    def joy_after(probs):
        smoother = ProbSmoother(0.5)
        smoother.add(0.0, np.array([1.0, 0.0], np.float32))
        return smoother.add(0.1, np.array(probs, np.float32))[1] / probs[1]

    assert joy_after([0.05, 0.95]) > 2 * joy_after([0.45, 0.55])


def test_clearing_leaves_no_trace():
    smoother = ProbSmoother(5.0)
    smoother.add(0.0, np.array([1.0, 0.0], np.float32))
    smoother.clear()
    assert np.allclose(smoother.add(0.1, np.array([0.0, 1.0], np.float32)), [0, 1])


def test_averages_stay_probabilities():
    rng, smoother = np.random.default_rng(0), ProbSmoother(0.7)
    for step in range(100):
        value = smoother.add(step * float(rng.uniform(0.1, 0.3)), rng.dirichlet(np.ones(7)).astype(np.float32))
        assert abs(float(value.sum()) - 1) < 1e-5
