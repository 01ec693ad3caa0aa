"""The starter's voice encoder: states of a small convolutional network, each with what the whole utterance is like.

It stands where wav2vec 2.0's first nine layers stand in the full-size profile: sound in, one state per 40 ms out. The network
reads the log-mel picture and the pitch picture; a description of the whole clip (`functionals`) is added to every state, so
that the auditory adapter, which is the paper's, has both.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.encoders.functionals import NUM_FUNCTIONALS, functionals
from emoasst_core.encoders.voice_pictures import NUM_LAGS, NUM_MELS, VoicePictureMaker, VoicePictures

FRAMES_PER_STATE: Final = 4  # two strides of two in time: a state every 40 ms
FARTHEST: Final = 4.0  # standard deviations: a functional farther out says no more than one this far


class _Block(nn.Module):
    """Two convolutions over time with a shortcut, the result scaled per channel (squeeze and excitation, Hu et al. 2018)."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation, bias=False)
        self.first_norm = nn.BatchNorm1d(width)
        self.second = nn.Conv1d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm1d(width)
        self.scale = nn.Sequential(nn.Linear(width, width // 4), nn.ReLU(), nn.Linear(width // 4, width), nn.Sigmoid())

    def forward(self, maps: Tensor, present: Tensor) -> Tensor:
        """(b, width, t) and (b, 1, t) -> (b, width, t)."""
        inner = F.relu(self.first_norm(self.first(maps))) * present
        inner = self.second_norm(self.second(inner)) * present
        scale = self.scale(inner.sum(2) / present.sum(2).clamp_min(1))
        result: Tensor = F.relu(maps + inner * scale.unsqueeze(2))
        return result


class _Description(nn.Module):
    """Functionals -> (b, state_dim)."""

    def __init__(self, state_dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(NUM_FUNCTIONALS, affine=False)
        self.layers = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(NUM_FUNCTIONALS, state_dim), nn.BatchNorm1d(state_dim), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(state_dim, state_dim), nn.BatchNorm1d(state_dim), nn.ReLU(),
        )  # fmt: skip

    def forward(self, values: Tensor) -> Tensor:
        """(b, num_functionals) -> (b, state_dim)."""
        result: Tensor = self.layers(self.norm(values).clamp(-FARTHEST, FARTHEST))
        return result


class ProsodyNetwork(nn.Module):
    """Pictures of a voice to states.

    Args:
        width: channels at one step per 20 ms.
        state_dim: size of a state, one per 40 ms.
    """

    def __init__(self, width: int = 192, state_dim: int = 256) -> None:
        super().__init__()
        self.pictures = VoicePictureMaker()
        self.mel_entry = nn.Conv1d(NUM_MELS, width, 5, stride=2, padding=2, bias=False)
        self.pitch_entry = nn.Conv1d(NUM_LAGS + 3, width, 5, padding=2, bias=False)
        self.entry_norm = nn.BatchNorm1d(width)
        self.early = nn.ModuleList([_Block(width, 1), _Block(width, 2)])
        self.halve = nn.Conv1d(width, state_dim, 3, stride=2, padding=1, bias=False)
        self.halve_norm = nn.BatchNorm1d(state_dim)
        self.late = nn.ModuleList([_Block(state_dim, 1), _Block(state_dim, 2)])
        self.description = _Description(state_dim)
        self.state_dim = state_dim

    def forward(self, samples: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode a batch of clips.

        Args:
            samples: (b, n) sound at 16 kHz.
            mask: (b, n) True where there is sound, False in the padding behind it.

        Returns:
            (b, t, state_dim) states and their (b, t) mask.
        """
        mask = torch.ones_like(samples, dtype=torch.bool) if mask is None else mask
        pictures = self.pictures(samples, mask)
        states, state_mask = self.convolve(pictures)
        return states + self.describe(functionals(pictures)).unsqueeze(1), state_mask

    def convolve(self, pictures: VoicePictures) -> tuple[Tensor, Tensor]:
        """Pictures -> (b, t, state_dim) states without the description, and their mask; padding changes none of them."""
        present = pictures.mask.unsqueeze(1).to(pictures.mels.dtype)
        pitch = torch.cat([pictures.lags, pictures.pitch], 1)
        half = present[..., ::2]
        maps = F.relu(self.entry_norm(self.mel_entry(pictures.mels) + self.pitch_entry(pitch * half))) * half
        for block in self.early:
            maps = block(maps, half)
        quarter = half[..., ::2]
        maps = F.relu(self.halve_norm(self.halve(maps))) * quarter
        for block in self.late:
            maps = block(maps, quarter)
        return maps.transpose(1, 2), pictures.mask[:, ::FRAMES_PER_STATE]

    def describe(self, values: Tensor) -> Tensor:
        """(b, num_functionals) -> (b, state_dim): what is added to every state."""
        result: Tensor = self.description(values)
        return result


class ProsodyEncoder:
    """`AudioEncoder` of kind "prosody": one clip at a time, without padding."""

    def __init__(self, network: ProsodyNetwork) -> None:
        self.network = network.eval()
        self.state_dim = network.state_dim

    def states(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) sound at 16 kHz -> (t, state_dim), one state per 40 ms."""
        with torch.inference_mode():
            states, _ = self.network(torch.from_numpy(np.ascontiguousarray(samples, np.float32)).unsqueeze(0))
        result: NDArray[np.float32] = states[0].float().numpy()
        return result
