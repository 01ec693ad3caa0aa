from __future__ import annotations

import numpy as np

from emoasst_core.cues.smoothing import ProbSmoother


def test_the_average_forgets_with_the_time_constant():
    smoother = ProbSmoother(0.5)
    smoother.add(0.0, np.array([1.0, 0.0], np.float32))
    value = smoother.add(0.5, np.array([0.0, 1.0], np.float32))
    assert np.allclose(value, [np.exp(-1), 1 - np.exp(-1)], atol=1e-6)


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
