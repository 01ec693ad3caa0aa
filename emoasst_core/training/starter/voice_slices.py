"""How the voice is read where life differs from a studio: other talkers, rooms, telephones, distance, noise.

Every condition is made from the held-out clips with a fixed seed, so that two encoders meet the same sounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfiltfilt

from emoasst_core.datatypes import SAMPLE_RATE_HZ
from emoasst_core.evaluation.bootstrap import bootstrap_intervals
from emoasst_core.evaluation.metrics import unweighted_average_recall
from emoasst_core.training.starter.voice_data import VoiceSet

RATIO_DB: Final = 10.0  # speech over what disturbs it
NUM_TALKERS: Final = 4
REVERBERATION_S: Final = 0.5  # a living room's time to fall by 60 dB
TELEPHONE_HZ: Final = (300.0, 3400.0)
DISTANCE_DB: Final = -20.0
Sound = NDArray[np.float32]
Change = Callable[[Sound, VoiceSet, np.random.Generator], Sound]
Read = Callable[[Sound], NDArray[np.float32] | None]


def measure_voice_slices(read: Read, voices: VoiceSet, seed: int = 0) -> dict[str, dict[str, Any]]:
    """UAR under every condition.

    Args:
        read: (n,) sound at 16 kHz -> (num_emotions,) scores, or None where it cannot be read (counts as wrong).
        voices: held-out clips.
        seed: of the disturbances.

    Returns:
        {condition: {"n", "uar", "interval_95"}}; the interval is by speakers.
    """
    figures = {}
    for name, change in CONDITIONS.items():
        rng = np.random.default_rng(seed)
        scores = [read(change(voices.clip(row), voices, rng)) for row in range(len(voices))]
        predictions = np.array([-1 if score is None else int(score.argmax()) for score in scores])
        interval = bootstrap_intervals(voices.labels, predictions, list(voices.speakers), seed=seed)["uar"]
        figures[name] = {
            "n": len(voices), "uar": round(unweighted_average_recall(voices.labels, predictions), 4), "interval_95": interval,
        }  # fmt: skip
    return figures


def as_it_is(sound: Sound, _voices: VoiceSet, _rng: np.random.Generator) -> Sound:
    """The clip."""
    return sound


def among_talkers(sound: Sound, voices: VoiceSet, rng: np.random.Generator) -> Sound:
    """Over several other clips at once."""
    babble = np.zeros(len(sound), np.float32)
    for row in rng.integers(0, len(voices), NUM_TALKERS):
        babble += np.resize(voices.clip(int(row)), len(sound))
    return _mix(sound, babble)


def in_noise(sound: Sound, _voices: VoiceSet, rng: np.random.Generator) -> Sound:
    """Over the pink noise of a fan or a street."""
    spectrum = np.fft.rfft(rng.normal(size=len(sound)))
    return _mix(sound, np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(sound)).astype(np.float32))


def in_a_room(sound: Sound, _voices: VoiceSet, rng: np.random.Generator) -> Sound:
    """In a room with hard walls: a decaying tail, as loud as the voice itself."""
    time_s = np.arange(int(REVERBERATION_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.normal(size=len(time_s)) * np.exp(-np.log(1000) * time_s / REVERBERATION_S)
    tail[: SAMPLE_RATE_HZ // 500] = 0
    tail /= np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return _bounded(fftconvolve(sound, tail)[: len(sound)])


def by_telephone(sound: Sound, _voices: VoiceSet, _rng: np.random.Generator) -> Sound:
    """Only what an old telephone lets through."""
    return _bounded(sosfiltfilt(butter(4, TELEPHONE_HZ, "bandpass", fs=SAMPLE_RATE_HZ, output="sos"), sound))


def from_afar(sound: Sound, _voices: VoiceSet, rng: np.random.Generator) -> Sound:
    """Very quiet, over a microphone's own noise."""
    return _bounded(sound * 10 ** (DISTANCE_DB / 20) + rng.normal(size=len(sound)) * 3e-4)


CONDITIONS: Final[dict[str, Change]] = {
    "as they are": as_it_is,
    "other talkers, 10 dB": among_talkers,
    "pink noise, 10 dB": in_noise,
    "hard room, 0.5 s": in_a_room,
    "telephone band": by_telephone,
    "20 dB quieter": from_afar,
}


def _mix(sound: Sound, disturbance: Sound) -> Sound:
    level = np.sqrt(np.mean(sound**2) / max(float(np.mean(disturbance**2)), 1e-12)) * 10 ** (-RATIO_DB / 20)
    return _bounded(sound + level * disturbance)


def _bounded(sound: NDArray[np.floating[Any]]) -> Sound:
    return np.asarray(sound / max(1.0, float(np.abs(sound).max(initial=0.0))), np.float32)
