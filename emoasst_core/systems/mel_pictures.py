"""Sound as log-mel pictures: what CLIP's image tower, VGGish and AST look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.datatypes import SAMPLE_RATE_HZ

FLOOR: Final = 1e-6  # -60 dB relative to full scale


@dataclass(frozen=True)
class MelOptions:
    """How sound becomes segments of a log-mel picture.

    Attributes:
        num_mels: rows of the picture.
        window_s, hop_s: of the short-time Fourier transform.
        segment_s: length of one picture; the last one is filled up with silence.
        max_segments: sound beyond is not read.
        low_hz, high_hz: outermost corners of the filters.
    """

    num_mels: int
    window_s: float
    hop_s: float
    segment_s: float
    max_segments: int
    low_hz: float = 20.0
    high_hz: float = 8000.0

    @property
    def hop(self) -> int:
        """Samples from one column to the next."""
        return round(self.hop_s * SAMPLE_RATE_HZ)

    @property
    def window(self) -> int:
        """Samples per column."""
        return round(self.window_s * SAMPLE_RATE_HZ)

    @property
    def fft_length(self) -> int:
        """The next power of two, and fine enough that no mel filter falls between two bins."""
        length: int = 2 ** math.ceil(math.log2(self.window))
        return max(length, 2048) if self.num_mels > 128 else length

    @property
    def num_columns(self) -> int:
        """Columns of one segment."""
        return round(self.segment_s / self.hop_s)

    @cached_property
    def filters(self) -> Tensor:
        """(num_mels, fft_length // 2 + 1) triangular filters on the HTK mel scale."""
        low, high = (2595.0 * math.log10(1.0 + hertz / 700.0) for hertz in (self.low_hz, self.high_hz))
        corners = 700.0 * (10.0 ** (torch.linspace(low, high, self.num_mels + 2) / 2595.0) - 1.0)
        bins = torch.linspace(0, SAMPLE_RATE_HZ / 2, self.fft_length // 2 + 1)
        rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
        falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
        return torch.minimum(rising, falling).clamp_min(0)


# MER-CLIP: 2-s segments, 224 mel, 64 ms window, 32 ms hop (62.5 columns, of which 62 are whole)
MER_CLIP_MEL: Final = MelOptions(224, 0.064, 0.032, 2.0, 12)
# MER-SEM-MBT, VGGish: 64 mel, 25 and 10 ms, 960 ms
VGGISH_MEL: Final = MelOptions(64, 0.025, 0.010, 0.96, 8, 125.0, 7500.0)


def log_mel(samples: NDArray[np.float32], options: MelOptions) -> Tensor:
    """(n,) sound -> (num_mels, columns) natural logarithm of the mel energies, the clip's own mean and spread taken out."""
    sound = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
    if len(sound) < options.window:
        sound = torch.nn.functional.pad(sound, (0, options.window - len(sound)))
    spectrum = torch.stft(
        sound, options.fft_length, options.hop, options.window, torch.hann_window(options.window),
        center=True, pad_mode="constant", return_complex=True,
    )  # fmt: skip
    mels = torch.log(options.filters @ spectrum.abs().square() + FLOOR)
    return (mels - mels.mean()) / mels.std().clamp_min(0.5)


def mel_segments(samples: NDArray[np.float32], options: MelOptions) -> Tensor:
    """(n,) sound -> (num_segments, num_mels, num_columns), at least one and at most max_segments.

    >>> mel_segments(np.ones(5 * 16000, np.float32), MER_CLIP_MEL).shape
    torch.Size([3, 224, 62])
    """
    picture = log_mel(samples, options)
    count = min(options.max_segments, max(1, math.ceil((picture.shape[1] - 1) / options.num_columns)))
    wanted = count * options.num_columns
    quiet = float(picture.min())
    filled = torch.nn.functional.pad(picture[:, :wanted], (0, max(0, wanted - picture.shape[1])), value=quiet)
    return filled.reshape(options.num_mels, count, options.num_columns).permute(1, 0, 2)


def as_pictures(segments: Tensor, size: int) -> Tensor:
    """(n, num_mels, columns) -> (n, 3, size, size): bicubic, low pitches at the bottom, the same in every colour."""
    resized = torch.nn.functional.interpolate(
        segments.flip(1).unsqueeze(1), (size, size), mode="bicubic", align_corners=False, antialias=True
    )
    return resized.expand(-1, 3, -1, -1)
