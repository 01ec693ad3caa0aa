from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.capture.clock_steering import ClockSteering
from emoasst_core.capture.sound_inlet import SoundInlet
from tests.core.capture.drifting_card import drift

RATE_HZ = 16_000
BLOCK = 1_600
CLICK_EVERY_S = 300.0
LIMIT_S = 0.040


def worst_click_offset_s(ppm: float, hours: float, late_s: float = 0.0, seed: int = 0) -> float:
    """A card whose crystal is `ppm` fast hears clicks at known times of the session's clock.

    Stamps are late by a random amount up to `late_s`, as callbacks are on a busy machine. The furthest that a click ends up
    beside its time in what the inlet hands on, in seconds.
    """
    random = np.random.default_rng(seed)
    inlet = SoundInlet(RATE_HZ)
    card_rate_hz = RATE_HZ * (1 + ppm * 1e-6)  # samples that it really takes per second
    num_blocks = int(hours * 3600 * 10)
    clicks = {round(time_s * card_rate_hz) for time_s in np.arange(CLICK_EVERY_S / 2, hours * 3600, CLICK_EVERY_S)}
    worst_s, heard = 0.0, 0
    blocks = inlet.blocks(timeout_s=0.0)
    for number in range(num_blocks):
        first = number * BLOCK
        samples = np.zeros((BLOCK, 1), np.float32)
        for click in [one for one in clicks if first <= one < first + BLOCK]:
            samples[click - first] = 1.0
        inlet.accept(first / card_rate_hz + float(random.uniform(0.0, late_s)), samples)
        block = next(blocks)
        peak = int(block.samples.argmax())
        if block.samples[peak] > 0.2:
            click_s = block.start_s + peak / RATE_HZ
            true_s = (round((click_s - CLICK_EVERY_S / 2) / CLICK_EVERY_S) + 0.5) * CLICK_EVERY_S
            worst_s, heard = max(worst_s, abs(click_s - true_s)), heard + 1
    assert heard >= len(clicks) - 1, "the clicks were lost on the way"
    return worst_s


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_a_card_that_runs_200_ppm_beside_the_clock_stays_within_40_ms(ppm: float) -> None:
    assert worst_click_offset_s(ppm, hours=0.4) < LIMIT_S < 0.4 * 3600 * 200e-6


@pytest.mark.parametrize(("ppm", "late_s"), [(-200.0, 0.0), (200.0, 0.0), (-200.0, 0.030), (200.0, 0.030)])
def test_over_eight_hours_it_stays_within_40_ms_with_and_without_late_callbacks(ppm: float, late_s: float) -> None:
    assert drift(ppm, hours=8.0, late_s=late_s).worst_s < LIMIT_S


def test_without_steering_eight_hours_at_200_ppm_are_almost_six_seconds() -> None:
    assert drift(200.0, hours=8.0, is_steered=False).worst_s == pytest.approx(8 * 3600 * 200e-6, rel=0.01)


def test_late_callbacks_do_not_pull_the_sound_away() -> None:
    assert worst_click_offset_s(200.0, hours=0.2, late_s=0.030) < LIMIT_S


def test_steady_sound_is_handed_on_untouched() -> None:
    steering = ClockSteering(RATE_HZ)
    sound = np.random.default_rng(0).standard_normal(BLOCK).astype(np.float32)
    assert all(steering.steer(0.0, sound) is sound for _ in range(200))


def test_the_pitch_changes_by_no_more_than_a_fifth_of_a_percent() -> None:
    steering = ClockSteering(RATE_HZ)
    lengths = [len(steering.steer(-0.09, np.zeros(BLOCK, np.float32))) for _ in range(500)]
    assert min(lengths) >= BLOCK * 0.998 and max(lengths) == BLOCK
    assert steering.corrected_s == pytest.approx((sum(lengths) - 500 * BLOCK) / RATE_HZ)
