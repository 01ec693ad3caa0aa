from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from emoasst_core.capture.sound_inlet import SoundInlet
from tests import media


def fill(inlet: SoundInlet, sound: np.ndarray, start_s: float, rate_hz: int, num_channels: int = 1) -> None:
    step = rate_hz // 10
    for start in range(0, len(sound), step):
        piece = np.repeat(sound[start : start + step, None], num_channels, axis=1)
        inlet.accept(start_s + start / rate_hz, piece)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_any_device_rate_becomes_contiguous_16_khz(rate_hz: int) -> None:
    inlet = SoundInlet(rate_hz)
    fill(inlet, media.tone(2.0, 500.0, rate_hz=rate_hz), 1.5, rate_hz, num_channels=2)
    inlet.close()
    blocks = list(inlet.blocks(timeout_s=1.0))
    assert blocks[0].start_s == 1.5
    assert all(abs(later.start_s - earlier.end_s) < 1e-9 for earlier, later in pairwise(blocks))
    samples = np.concatenate([block.samples for block in blocks])
    assert samples.dtype == np.float32 and abs(len(samples) - 32_000) <= 2
    np.testing.assert_allclose(samples[800:-800], media.tone(2.0, 500.0)[800 : len(samples) - 800], atol=0.01)


def test_lost_sound_becomes_silence_so_that_times_stay_right() -> None:
    inlet = SoundInlet(16_000)
    fill(inlet, media.tone(0.5), 0.0, 16_000)
    fill(inlet, media.tone(0.5), 1.0, 16_000)
    inlet.close()
    samples = np.concatenate([block.samples for block in inlet.blocks(1.0)])
    assert len(samples) == 24_000
    assert np.abs(samples[8_100:15_900]).max() == 0.0


def test_the_callback_keeps_a_copy() -> None:
    inlet = SoundInlet(16_000)
    buffer = np.full((1_600, 1), 0.25, np.float32)
    inlet.accept(0.0, buffer)
    buffer[:] = 9.0
    inlet.close()
    assert np.concatenate([block.samples for block in inlet.blocks(1.0)]).max() == pytest.approx(0.25)


def test_overruns_are_counted() -> None:
    inlet = SoundInlet(16_000)
    inlet.accept(0.0, np.zeros((1_600, 1), np.float32), has_overrun=True)
    assert inlet.num_overruns == 1


def test_a_device_that_falls_silent_is_noticed() -> None:
    inlet = SoundInlet(16_000)
    with pytest.raises(TimeoutError):
        list(inlet.blocks(timeout_s=0.01))
