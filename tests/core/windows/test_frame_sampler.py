from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.windows.frame_sampler import nearest, sample_times


def test_samples_are_evenly_spread_inside_the_stretch() -> None:
    times = sample_times(2.0, 5.0, 24)
    assert times.shape == (24,)
    assert np.diff(times) == pytest.approx(np.full(23, 3.0 / 24))
    assert times[0] - 2.0 == pytest.approx(5.0 - times[-1])


def test_nearest_agrees_with_a_search_over_all_pairs() -> None:
    generator = np.random.default_rng(0)
    for count in (1, 2, 3, 50):
        available = np.sort(generator.random(count) * 10)
        wanted = generator.random(200) * 14 - 2
        expected = np.abs(wanted[:, None] - available[None]).argmin(axis=1)
        np.testing.assert_array_equal(nearest(wanted, available), expected)


def test_the_earlier_of_two_equally_near_is_taken() -> None:
    assert nearest(np.array([0.5]), np.array([0.0, 1.0])).tolist() == [0]


def test_nothing_available_is_refused() -> None:
    with pytest.raises(ValueError, match="no time"):
        nearest(np.array([1.0]), np.array([]))
