"""The starter's voice encoder: log-mel pictures of the sound through a small residual network that keeps time.

It stands where wav2vec 2.0's first nine layers stand in the full-size profile: sound in, one state per 40 ms out.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import SAMPLE_RATE_HZ

FFT_LENGTH: Final = 512  # 32 ms at 16 kHz
WINDOW_LENGTH: Final = 400  # 25 ms
HOP_LENGTH: Final = 160  # 10 ms
NUM_MELS: Final = 64
LOW_HZ: Final = 60.0
HIGH_HZ: Final = 7600.0
FRAMES_PER_STATE: Final = 4  # two strides of two in time: a state every 40 ms
FLOOR: Final = 1e-6  # -60 dB relative to full scale, about a quiet laptop microphone's own noise


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


class LogMel(nn.Module):
    """Sound to log-mel, with each clip's own level and spread taken out (so a microphone's gain does not matter)."""

    filters: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", mel_filters(), persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW_LENGTH), persistent=False)

    def forward(self, samples: Tensor, mask: Tensor | None = None) -> Tensor:
        """(b, n) sound -> (b, num_mels, 1 + n // hop_length); `mask` (b, frames) marks real frames, True = present."""
        spectrum = torch.stft(
            samples, FFT_LENGTH, HOP_LENGTH, WINDOW_LENGTH, self.window, center=True, pad_mode="constant", return_complex=True
        )
        mels = torch.log(self.filters @ spectrum.abs().square() + FLOOR)
        if mask is None:
            mask = torch.ones(len(mels), mels.shape[-1], dtype=torch.bool, device=mels.device)
        weights = mask.unsqueeze(1).to(mels.dtype)
        count = weights.sum((1, 2), keepdim=True).clamp_min(1) * NUM_MELS
        mean = (mels * weights).sum((1, 2), keepdim=True) / count
        deviation = (((mels - mean) * weights).square().sum((1, 2), keepdim=True) / count).sqrt().clamp_min(0.5)
        result: Tensor = (mels - mean) / deviation * weights
        return result


class _Block(nn.Module):
    """Two 3x3 convolutions with a shortcut; may halve frequency and time."""

    def __init__(self, width_in: int, width: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.first = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        changes = width_in != width or stride != (1, 1)
        self.shortcut = (
            nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width)) if changes else nn.Identity()
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(b, width_in, mels, t) -> (b, width, mels / stride, t / stride)."""
        inner = F.relu(self.first_norm(self.first(maps)))
        result: Tensor = F.relu(self.second_norm(self.second(inner)) + self.shortcut(maps))
        return result


class LogMelNetwork(nn.Module):
    """Log-mel and residual blocks; frequency is pooled by mean and maximum, time is kept.

    Args:
        width: channels of the last block; a state has twice as many values.
    """

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.log_mel = LogMel()
        narrow = width // 8
        self.blocks = nn.Sequential(
            _Block(1, narrow, (2, 2)),
            _Block(narrow, narrow, (1, 1)),
            _Block(narrow, 2 * narrow, (2, 2)),
            _Block(2 * narrow, 4 * narrow, (2, 1)),
            _Block(4 * narrow, width, (2, 1)),
        )
        self.state_dim = 2 * width

    def forward(self, samples: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode a batch of clips.

        Args:
            samples: (b, n) sound.
            mask: (b, n) True where there is sound, False in the padding.

        Returns:
            (b, t, state_dim) states and their (b, t) mask.
        """
        frames = 1 + samples.shape[-1] // HOP_LENGTH
        lengths = torch.full((len(samples),), samples.shape[-1]) if mask is None else mask.sum(1).cpu()
        frame_mask = torch.arange(frames)[None] < (1 + lengths // HOP_LENGTH)[:, None]
        frame_mask = frame_mask.to(samples.device)
        return self.from_mels(self.log_mel(samples, frame_mask), frame_mask)

    def from_mels(self, mels: Tensor, frame_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(b, num_mels, frames) -> states and mask; training changes the mels before this."""
        maps = self.blocks(mels.unsqueeze(1))
        states = torch.cat([maps.mean(2), maps.amax(2)], 1).transpose(1, 2)
        return states, frame_mask[:, ::FRAMES_PER_STATE][:, : states.shape[1]]


class LogMelEncoder:
    """`AudioEncoder` of kind "log_mel": one clip at a time, no padding, so a clip's states depend on nothing else."""

    def __init__(self, network: LogMelNetwork) -> None:
        self.network = network.eval()
        self.state_dim = network.state_dim

    def states(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) sound at 16 kHz -> (t, state_dim), one state per 40 ms."""
        with torch.inference_mode():
            states, _ = self.network(torch.from_numpy(np.ascontiguousarray(samples, np.float32)).unsqueeze(0))
        result: NDArray[np.float32] = states[0].float().numpy()
        return result
