"""The starter's voice encoder: what its pictures and functionals say of sounds whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from emoasst_core.encoders.functionals import NUM_FUNCTIONALS, functionals
from emoasst_core.encoders.prosody import ProsodyEncoder, ProsodyNetwork
from emoasst_core.encoders.voice_pictures import REFERENCE_PITCH_HZ, VoicePictureMaker, VoicePictures

RATE_HZ = 16_000


def voice(pitch_hz: Tensor, seconds: float = 1.0, level: float = 0.1) -> Tensor:
    """(1, n) harmonics of a pitch that may glide, falling by 6 dB an octave."""
    count = int(seconds * RATE_HZ)
    glide = torch.nn.functional.interpolate(pitch_hz.float().view(1, 1, -1), size=count, mode="linear", align_corners=True)[0]
    phase = 2 * torch.pi * torch.cumsum(glide / RATE_HZ, 1)
    return level * sum((torch.sin(number * phase) / number for number in range(1, 12)), torch.zeros(1, count))


def draw(sound: Tensor) -> VoicePictures:
    return VoicePictureMaker()(sound, torch.ones_like(sound, dtype=torch.bool))


@pytest.mark.parametrize("pitch_hz", [90.0, 150.0, 220.0, 400.0])
def test_the_pitch_of_a_voice_is_found_within_half_a_semitone(pitch_hz: float) -> None:
    pictures = draw(voice(torch.tensor([pitch_hz, pitch_hz])))
    inside = slice(5, -5)
    found = REFERENCE_PITCH_HZ * 2 ** pictures.pitch[0, 0, inside]
    assert float((12 * torch.log2(found / pitch_hz)).abs().max()) < 0.5
    assert float(pictures.pitch[0, 1, inside].min()) == 1.0
    row = round(12 * np.log2(pitch_hz / 60))
    assert float(pictures.lags[0, row - 1 : row + 2, 25].max()) > 0.7 > 0.3 > float(pictures.lags[0, row - 4, 25])


def test_noise_has_no_pitch() -> None:
    noise = torch.randn(1, RATE_HZ, generator=torch.Generator().manual_seed(0)) * 0.1
    assert float(draw(noise).pitch[0, 1].mean()) < 0.05


def test_a_microphones_gain_changes_neither_pictures_nor_functionals() -> None:
    sound = voice(torch.tensor([120.0, 180.0])) + torch.randn(1, RATE_HZ, generator=torch.Generator().manual_seed(1)) * 0.01
    loud, quiet = draw(sound), draw(0.1 * sound)
    torch.testing.assert_close(loud.mels, quiet.mels, atol=2e-3, rtol=0)
    torch.testing.assert_close(functionals(loud), functionals(quiet), atol=0.02, rtol=0.02)


def test_functionals_tell_a_lively_voice_from_a_flat_one() -> None:
    flat, lively = (functionals(draw(voice(torch.tensor(hz))))[0] for hz in ([200.0, 200.0], [140.0, 280.0]))
    assert flat.shape == (NUM_FUNCTIONALS,)
    spread = 16 * 6 + 1  # behind six statistics of sixteen cepstra and the mean pitch
    assert float(flat[spread]) < 0.02 < 0.2 < float(lively[spread])  # octaves


def test_functionals_of_silence_and_of_a_click_are_finite() -> None:
    click = torch.zeros(1, 4000)
    click[0, 2000] = 0.5
    for sound in (torch.zeros(1, 4000), click):
        assert bool(functionals(draw(sound)).isfinite().all())


def test_what_a_clip_is_padded_with_changes_neither_its_states_nor_its_description() -> None:
    torch.manual_seed(0)
    network = ProsodyNetwork(32, 48).eval()
    sound = torch.randn(1, 16_000) * 0.1
    padded = torch.zeros(2, 32_000)
    padded[0, :16_000], padded[1] = sound, torch.randn(32_000)
    mask = torch.arange(32_000)[None] < torch.tensor([16_000, 32_000])[:, None]
    with torch.inference_mode():
        alone, _ = network(sound)
        batch, state_mask = network(padded, mask)
    assert int(state_mask[0].sum()) == alone.shape[1] == 26
    # the last 60 ms touch the padding through the windows of the pictures themselves
    torch.testing.assert_close(batch[0, :23], alone[0, :23], atol=1e-3, rtol=1e-3)


def test_the_encoder_gives_a_state_per_forty_milliseconds() -> None:
    encoder = ProsodyEncoder(ProsodyNetwork(16, 24))
    states = encoder.states(np.random.default_rng(0).normal(size=32_000).astype(np.float32))
    assert states.shape == (51, 24) and states.dtype == np.float32
