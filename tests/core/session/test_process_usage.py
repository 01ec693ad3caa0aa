"""The slope of memory says what grows, with how sure that is, and not what the first minutes took."""

from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.session import process_usage
from emoasst_core.session.process_usage import MIN_BLOCKS, ProcessUsage, slope_of

MB_PER_H = 1e6 / 3600


def series(mb_per_h: float, seconds: int = 1_200, noise_mb: float = 0.5, seed: int = 0) -> np.ndarray:
    """Growing memory with noise that lasts for some seconds, as RSS has."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.standard_normal(seconds + 9), np.full(10, 0.3), "valid")
    times = np.arange(seconds, dtype=float)
    return np.stack([times, 5e8 + mb_per_h * MB_PER_H * times + 1e6 * noise_mb * noise], axis=1)


@pytest.mark.parametrize("mb_per_h", [0.0, 5.0, 40.0, -12.0])
def test_the_interval_holds_the_true_slope_in_nine_of_ten_noisy_series(mb_per_h: float) -> None:
    slopes = [slope_of(series(mb_per_h, seed=seed)) for seed in range(100)]
    assert all(slope is not None and slope.low <= slope.middle <= slope.high for slope in slopes)
    assert sum(slope.low <= mb_per_h <= slope.high for slope in slopes) >= 90


def test_a_jump_near_an_end_is_no_slope_one_in_the_middle_is_unsure_and_steady_growth_is_a_slope() -> None:
    early, central = series(0.0, noise_mb=0.01), series(0.0, noise_mb=0.01)
    early[150:, 1] += 20e6
    central[600:, 1] += 20e6
    assert abs(slope_of(early).middle) < 1 < float(np.polyfit(early[:, 0], early[:, 1], 1)[0]) / MB_PER_H
    assert slope_of(central).low < 1 < slope_of(central).high
    assert slope_of(series(30.0, noise_mb=0.01)).low > 29


def test_a_few_blocks_say_no_slope() -> None:
    assert slope_of(series(5.0, seconds=int(process_usage.BLOCK_S) * (MIN_BLOCKS - 1))) is None
    assert slope_of(np.zeros((0, 2))) is None


def test_what_the_warm_up_took_is_left_out_and_the_slope_in_all_is_that_of_the_sum() -> None:
    usage = ProcessUsage(lambda: {1: "models"})
    for now_s in range(1_500):
        usage._rows.extend((float(now_s), 0.5 * now_s))
        for pid, job, mb_per_h in ((0, "window", 2.0), (1, "models", 1.0)):
            held = usage._held.setdefault(pid, process_usage._Held(job, process_usage.array("d")))
            held.samples.extend((float(now_s), 1e8 + (50e6 if now_s > 200 else 0.0) + mb_per_h * MB_PER_H * now_s))
    usage._sample, usage._thread = lambda: None, type("Ended", (), {"join": lambda self: None})()  # type: ignore[method-assign]
    figures = usage.stop()
    assert figures["memory_warm_up_s"] == process_usage.WARM_UP_S
    assert figures["memory_slope_mb_per_h"] == pytest.approx(3.0, abs=0.01)
    assert figures["memory_slopes_mb_per_h"]["models"] == pytest.approx([1.0, 1.0, 1.0], abs=0.01)
    assert figures["cores"] == pytest.approx(0.5)
