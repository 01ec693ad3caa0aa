from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.windows.sound_quality import SILENT_DB, find_obstacle, level_db

SINE = np.sin(np.arange(16_000) * 2 * np.pi / 16).astype(np.float32)


def test_loudness_is_relative_to_full_scale() -> None:
    assert level_db(np.ones(100, np.float32)) == pytest.approx(0.0)
    assert level_db(SINE) == pytest.approx(-3.01, abs=0.01)
    assert level_db(np.float32(0.1) * SINE) == pytest.approx(-23.01, abs=0.01)


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(10, np.float32), np.full(10, 1e-9, np.float32)])
def test_silence_has_one_level_however_it_comes(samples: np.ndarray) -> None:
    assert level_db(samples) == SILENT_DB
    assert find_obstacle(samples) == "too quiet"


@pytest.mark.parametrize(("peak_db", "obstacle"), [(-54.0, "too quiet"), (-50.0, ""), (-10.0, ""), (-0.5, ""), (3.0, "too loud")])
def test_a_voice_is_read_between_the_microphones_noise_and_its_rail(peak_db: float, obstacle: str) -> None:
    assert find_obstacle(np.clip(10 ** (peak_db / 20) * SINE, -1, 1).astype(np.float32)) == obstacle


def test_a_single_knock_is_no_distorted_voice() -> None:
    knock = np.float32(0.1) * SINE
    knock[:300] = 1.0  # 19 ms of a second
    assert find_obstacle(knock) == ""
    knock[:340] = 1.0
    assert find_obstacle(knock) == "too loud"
