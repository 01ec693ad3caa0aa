"""Make acted, clean speech sound like what a laptop hears across a table.

On the sound: speed and pitch, other rooms, noise and babble, gain and clipping, narrow-band codecs. On its pictures, anew in
every epoch: pace, the response of the microphone, and hidden stretches (SpecAugment, Park et al. 2019).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.datatypes import SAMPLE_RATE_HZ
from emoasst_core.encoders.voice_pictures import VoicePictures

ROOM_LENGTH = 4000  # 0.25 s of reverberation


def augment_sound(samples: Tensor, mask: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random versions of a batch of clips.

    Args:
        samples: (b, n) sound.
        mask: (b, n) True where there is sound.

    Returns:
        Sound and mask of the same shapes.
    """
    samples, mask = _change_speed(samples, mask, generator)
    samples = _add_room(samples, generator)
    samples = _add_noise(samples, mask, generator)
    samples = _change_band(samples, generator)
    gain = 10 ** ((torch.rand(len(samples), 1, generator=generator) * 24 - 18) / 20)
    return (samples * gain).clamp(-1, 1) * mask, mask


def _change_speed(samples: Tensor, mask: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One factor for the batch; the length stays (new shapes would cost new kernels at every step)."""
    length = samples.shape[1]
    factor = float(torch.rand(1, generator=generator)) * 0.24 + 0.88
    changed = F.interpolate(samples.unsqueeze(1), size=int(length / factor), mode="linear", align_corners=False).squeeze(1)
    changed = F.pad(changed, (0, max(0, length - changed.shape[1])))[:, :length]
    ends = (mask.sum(1) / factor).long().clamp(max=length)
    return changed, torch.arange(length)[None] < ends[:, None]


def _add_room(samples: Tensor, generator: torch.Generator) -> Tensor:
    count = len(samples)
    decay_s = torch.rand(count, 1, generator=generator) * 0.12 + 0.01
    time_s = torch.arange(ROOM_LENGTH) / SAMPLE_RATE_HZ
    room = torch.randn(count, ROOM_LENGTH, generator=generator) * torch.exp(-time_s / decay_s)
    room[:, :32] = 0
    share = torch.rand(count, 1, generator=generator) * 0.6 * (torch.rand(count, 1, generator=generator) < 0.5)
    room = room / room.square().sum(1, keepdim=True).sqrt() * share
    room[:, 0] = 1
    length = samples.shape[1] + ROOM_LENGTH
    wet: Tensor = torch.fft.irfft(torch.fft.rfft(samples, length) * torch.fft.rfft(room, length), length)
    return wet[:, : samples.shape[1]]


def _add_noise(samples: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    count, length = samples.shape
    spectrum = torch.fft.rfft(torch.randn(count, length, generator=generator))
    tilt = torch.rand(count, 1, generator=generator) * 1.2  # 0 white, 1 pink, more: rumble
    spectrum = spectrum / torch.arange(1, spectrum.shape[1] + 1).float().pow(tilt / 2)
    noise = torch.fft.irfft(spectrum, length)
    babble = samples[torch.randperm(count, generator=generator)]
    talks = (torch.rand(count, 1, generator=generator) < 0.15).float()
    noise = torch.where(talks > 0, babble, noise)
    level = (samples.square().sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp_min(1)).sqrt()
    noise = noise / noise.square().mean(1, keepdim=True).sqrt().clamp_min(1e-6) * level
    ratio_db = torch.rand(count, 1, generator=generator) * 35 + 5 + 8 * talks
    used = (torch.rand(count, 1, generator=generator) < 0.6).float()
    return samples + used * noise * 10 ** (-ratio_db / 20)


def _change_band(samples: Tensor, generator: torch.Generator) -> Tensor:
    count, length = samples.shape
    hertz = torch.linspace(0, SAMPLE_RATE_HZ / 2, length // 2 + 1)
    high = torch.rand(count, 1, generator=generator) * 5000 + 3000
    low = torch.rand(count, 1, generator=generator) * 250
    used = torch.rand(count, 1, generator=generator) < 0.35
    passed = torch.sigmoid((high - hertz) / 150) * torch.sigmoid((hertz - low) / 30)
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(samples) * torch.where(used, passed, torch.ones(())), length)
    return filtered


def change_pace(pictures: VoicePictures, generator: torch.Generator) -> VoicePictures:
    """Slower or faster by up to 15 %, with the pitch as it was; one factor for the batch."""
    factor = 0.85 + 0.3 * float(torch.rand(1, generator=generator))
    count = int(pictures.mask.shape[1] * factor)
    lengths = (pictures.mask.sum(1) * factor).long().clamp(1, count)

    def stretch(values: Tensor, size: int) -> Tensor:
        return F.interpolate(values, size=size, mode="linear", align_corners=False)

    mask = torch.arange(count)[None] < lengths[:, None]
    half = (count + 1) // 2
    mels = stretch(pictures.mels, count) * mask.unsqueeze(1)
    return VoicePictures(mels, stretch(pictures.lags, half), stretch(pictures.pitch, half), mask)


def change_response(pictures: VoicePictures, generator: torch.Generator) -> VoicePictures:
    """Another microphone, in seven clips of ten: a smooth gain over frequency with a spread of 6 dB (FilterAugment, Nam 2022)."""
    count, num_mels, _ = pictures.mels.shape
    used = torch.rand(count, 1, 1, generator=generator) < 0.7
    gains = torch.randn(count, 1, 6, generator=generator) * 0.35 * used
    gains = F.interpolate(gains, size=num_mels, mode="linear", align_corners=True).transpose(1, 2)
    return replace(pictures, mels=pictures.mels + gains * pictures.mask.unsqueeze(1))


def hide_stretches(pictures: VoicePictures, generator: torch.Generator) -> VoicePictures:
    """SpecAugment: two bands of at most 8 mels, two stretches of at most 0.25 s; of a tenth of the clips all pitch."""
    count, num_mels, frames = pictures.mels.shape
    bands, stretches = (torch.zeros(count, size, dtype=torch.bool) for size in (num_mels, frames))
    for hidden, longest in ((bands, 8), (bands, 8), (stretches, 25), (stretches, 25)):
        extent = hidden.shape[1]
        width = torch.rand(count, 1, generator=generator) * longest
        start = torch.rand(count, 1, generator=generator) * (extent - width).clamp_min(0)
        position = torch.arange(extent)[None]
        hidden |= (position >= start) & (position < start + width)
    no_pitch = torch.rand(count, 1, generator=generator) < 0.1
    hidden_pitch = (stretches[:, ::2] | no_pitch).unsqueeze(1)
    mels = pictures.mels.masked_fill(bands.unsqueeze(2) | stretches.unsqueeze(1), 0.0)
    return VoicePictures(
        mels, pictures.lags.masked_fill(hidden_pitch, 0.0), pictures.pitch.masked_fill(hidden_pitch, 0.0), pictures.mask
    )


def pad_clips(clips: list[NDArray[np.float32]], length: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Clips of different lengths -> (b, length) sound and its mask.

    Args:
        clips: (n,) each.
        length: of the result; of a longer clip a random stretch is taken, or the first one without a generator.
        generator: source of randomness.
    """
    samples = torch.zeros(len(clips), length)
    ends = []
    for row, clip in enumerate(clips):
        excess = max(0, len(clip) - length)
        start = int(torch.randint(0, excess + 1, (1,), generator=generator)) if generator is not None else 0
        stretch = clip[start : start + length]
        samples[row, : len(stretch)] = torch.from_numpy(stretch)
        ends.append(len(stretch))
    return samples, torch.arange(length)[None] < torch.tensor(ends)[:, None]
