"""What the starter's voice encoder looks at: the loudness of every frequency, and the pitch, over time.

Two pictures of one sound. The log-mel picture holds timbre and loudness; its 25 ms windows are too short to tell the
harmonics of a voice apart, so pitch has a picture of its own: the autocorrelation of 64 ms windows at forty lags,
twelve to an octave from 60 to 570 Hz, with the likeliest pitch of each step and how sure it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.datatypes import SAMPLE_RATE_HZ

FFT_LENGTH: Final = 512  # 32 ms at 16 kHz
WINDOW_LENGTH: Final = 400  # 25 ms
HOP_LENGTH: Final = 160  # 10 ms: a column of the log-mel picture
NUM_MELS: Final = 64
LOW_HZ: Final = 60.0
HIGH_HZ: Final = 7600.0
LEVEL_FLOOR: Final = 10**-5.5  # of a clip's mean power: 55 dB below it begins what is taken for silence
MEL_MIDDLE: Final = 5.0  # nepers below the mean level: where the values of speech lie around
MEL_SPREAD: Final = 4.0  # nepers

PITCH_WINDOW: Final = 1024  # 64 ms: almost four periods of the lowest voice
PITCH_HOP: Final = 2 * HOP_LENGTH  # 20 ms: a column of the pitch picture
LOWEST_PITCH_HZ: Final = 60.0
NUM_LAGS: Final = 40
LAGS_PER_OCTAVE: Final = 12
SHORTEST_LAG: Final = 27  # samples: 590 Hz
LONGEST_LAG: Final = 267  # samples: 60 Hz
LONG_LAG_COST: Final = 4e-4  # per sample: of a period and its double the shorter one is the pitch
REFERENCE_PITCH_HZ: Final = 150.0
NUM_PITCH_ROWS: Final = NUM_LAGS + 3  # likeliest pitch in octaves over the reference, voicing, its correlation


@dataclass(frozen=True, slots=True)
class VoicePictures:
    """A batch of sounds as pictures.

    Attributes:
        mels: (b, num_mels, t) log power over the clip's own mean, shifted and scaled; 0 where there is no sound.
        lags: (b, num_lags, u) autocorrelation, lowest pitch first; u = ceil(t / 2).
        pitch: (b, 3, u) octaves over `REFERENCE_PITCH_HZ` times voicing; voicing from 0 to 1; highest correlation.
        mask: (b, t) True where there is sound.
    """

    mels: Tensor
    lags: Tensor
    pitch: Tensor
    mask: Tensor


def mel_filters() -> Tensor:
    """Triangular filters on the HTK mel scale, (num_mels, fft_length // 2 + 1)."""

    def to_mel(hertz: float) -> float:
        return 2595.0 * math.log10(1.0 + hertz / 700.0)

    corners_mel = torch.linspace(to_mel(LOW_HZ), to_mel(HIGH_HZ), NUM_MELS + 2)
    corners_hz = 700.0 * (10.0 ** (corners_mel / 2595.0) - 1.0)
    bins_hz = torch.linspace(0, SAMPLE_RATE_HZ / 2, FFT_LENGTH // 2 + 1)
    rising = (bins_hz - corners_hz[:-2, None]) / (corners_hz[1:-1] - corners_hz[:-2])[:, None]
    falling = (corners_hz[2:, None] - bins_hz) / (corners_hz[2:] - corners_hz[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp_min(0)


class VoicePictureMaker(nn.Module):
    """Sound to pictures. A clip's own level is taken out, so that a microphone's gain does not matter."""

    filters: Tensor
    mel_window: Tensor
    pitch_window: Tensor
    window_correlation: Tensor
    lags: Tensor

    def __init__(self) -> None:
        super().__init__()
        window = torch.hann_window(PITCH_WINDOW)
        correlation = _autocorrelation(window)[: LONGEST_LAG + 2]
        pitches_hz = LOWEST_PITCH_HZ * 2 ** (torch.arange(NUM_LAGS) / LAGS_PER_OCTAVE)
        for name, values in (
            ("filters", mel_filters()),
            ("mel_window", torch.hann_window(WINDOW_LENGTH)),
            ("pitch_window", window),
            ("window_correlation", correlation / correlation[0]),
            ("lags", SAMPLE_RATE_HZ / pitches_hz),
        ):
            self.register_buffer(name, values, persistent=False)

    def forward(self, samples: Tensor, mask: Tensor) -> VoicePictures:
        """Draw a batch of sounds.

        Args:
            samples: (b, n) sound at 16 kHz.
            mask: (b, n) True where there is sound, False in the padding behind it.
        """
        num_frames = 1 + samples.shape[1] // HOP_LENGTH
        frame_mask = torch.arange(num_frames, device=samples.device)[None] < (1 + mask.sum(1) // HOP_LENGTH)[:, None]
        with torch.autocast(samples.device.type, enabled=False):
            return VoicePictures(self._mels(samples, frame_mask), *self._pitch(samples), frame_mask)

    def _mels(self, samples: Tensor, frame_mask: Tensor) -> Tensor:
        spectrum = torch.stft(
            samples, FFT_LENGTH, HOP_LENGTH, WINDOW_LENGTH, self.mel_window, pad_mode="constant", return_complex=True
        )
        power = self.filters @ _power(spectrum)
        present = frame_mask.unsqueeze(1).to(power.dtype)
        level = (power * present).sum((1, 2), keepdim=True) / (present.sum((1, 2), keepdim=True) * NUM_MELS)
        return (torch.log(power / (level + 1e-12) + LEVEL_FLOOR) + MEL_MIDDLE) / MEL_SPREAD * present

    def _pitch(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        padded = F.pad(samples, (PITCH_WINDOW // 2, PITCH_WINDOW // 2))
        frames = padded.unfold(1, PITCH_WINDOW, PITCH_HOP)
        frames = (frames - frames.mean(2, keepdim=True)) * self.pitch_window
        correlation = _autocorrelation(frames)[..., : LONGEST_LAG + 2]
        correlation = correlation / (correlation[..., :1] + 1e-5) / self.window_correlation
        whole = self.lags.long()
        share = self.lags - whole
        picture = correlation[..., whole] * (1 - share) + correlation[..., whole + 1] * share
        searched = correlation[..., SHORTEST_LAG:LONGEST_LAG]
        cost = LONG_LAG_COST * torch.arange(searched.shape[-1], device=samples.device)
        height, lag = (searched - cost).max(-1)
        octaves = torch.log2(SAMPLE_RATE_HZ / (lag + SHORTEST_LAG) / REFERENCE_PITCH_HZ)
        voicing = ((height - 0.35) * 5).clamp(0, 1)  # a correlation under 0.35 is noise, from 0.55 a voice
        return picture.transpose(1, 2), torch.stack([octaves * voicing, voicing, height], 1)


def _autocorrelation(frames: Tensor) -> Tensor:
    """(..., n) -> (..., n) unnormalised, by the Fourier transform of the padded frames (Wiener-Khinchin)."""
    length = frames.shape[-1]
    result: Tensor = torch.fft.irfft(_power(torch.fft.rfft(frames, 2 * length)), 2 * length)[..., :length]
    return result


def _power(spectrum: Tensor) -> Tensor:
    """|spectrum|^2, without the square root that `abs` draws."""
    result: Tensor = torch.view_as_real(spectrum).square().sum(-1)
    return result
