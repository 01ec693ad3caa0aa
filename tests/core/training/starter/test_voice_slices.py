"""The conditions under which the voice is measured."""

from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.datatypes import SAMPLE_RATE_HZ
from emoasst_core.training.starter.voice_data import VoiceSet
from emoasst_core.training.starter.voice_slices import CONDITIONS, RATIO_DB, in_noise, measure_voice_slices


@pytest.fixture
def voices() -> VoiceSet:
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    clips = tuple((np.sin(2 * np.pi * hertz * time_s) * 8000).astype(np.int16) for hertz in (200, 400, 800, 1600))
    return VoiceSet(clips, np.array([0, 1, 0, 1]), ("a", "a", "b", "b"), ("x",) * 4)


def test_a_reader_that_knows_the_labels_is_right_and_a_deaf_one_wrong_in_every_condition(voices: VoiceSet):
    calls = iter(range(10_000))
    knows = measure_voice_slices(lambda _sound: np.eye(7, dtype=np.float32)[voices.labels[next(calls) % 4]], voices)
    deaf = measure_voice_slices(lambda _sound: None, voices)
    assert set(knows) == set(CONDITIONS)
    assert all(figures["uar"] == 1 and figures["n"] == 4 for figures in knows.values())
    assert all(figures["uar"] == 0 for figures in deaf.values())


def test_noise_is_as_loud_as_it_says_and_the_same_each_time(voices: VoiceSet):
    sound = voices.clip(0)
    noisy, again = (in_noise(sound, voices, np.random.default_rng(3)) for _ in range(2))
    assert (noisy == again).all()
    ratio_db = 10 * np.log10(np.mean(sound**2) / np.mean((noisy - sound) ** 2))
    assert ratio_db == pytest.approx(RATIO_DB, abs=0.1)


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_every_condition_keeps_length_and_range(voices: VoiceSet, name: str):
    changed = CONDITIONS[name](voices.clip(1), voices, np.random.default_rng(0))
    assert changed.shape == voices.clip(1).shape
    assert np.abs(changed).max() <= 1
    assert changed.dtype == np.float32
