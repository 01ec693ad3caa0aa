"""Three ways to let sound and picture see each other: a bottleneck (the paper's), joint attention, both ways across."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from emoasst_core.errors import ConfigError

ENCODERS = ("bottleneck", "joint", "bidirectional")


class BottleneckLayer(nn.Module):
    """UMT's bottleneck transformer layer (Liu et al. 2022): four attentions, two feed-forward parts, six norms before them.

    133,760 parameters with 64 dimensions, 8 heads and 4 bottleneck tokens.
    """

    def __init__(self, width: int = 64, num_heads: int = 8, num_tokens: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.tokens = nn.Parameter(0.02 * torch.randn(num_tokens, width))
        self.attend = nn.ModuleList(nn.MultiheadAttention(width, num_heads, dropout, batch_first=True) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(6))
        self.hidden = nn.ModuleList(_feedforward(width, dropout) for _ in range(2))

    def forward(self, sound: Tensor, picture: Tensor, sound_mask: Tensor, picture_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(b, t, d) twice with their (b, t) masks -> the same."""
        tokens = self.tokens.expand(len(sound), -1, -1)
        asked = self.norms[0](tokens)
        heard = read(self.attend[0], asked, self.norms[1](sound), sound_mask)
        seen = read(self.attend[1], asked, self.norms[2](picture), picture_mask)
        told = self.norms[3](tokens + heard + seen)
        everywhere = torch.ones(told.shape[:2], dtype=torch.bool)
        sound = sound + read(self.attend[2], self.norms[1](sound), told, everywhere)
        picture = picture + read(self.attend[3], self.norms[2](picture), told, everywhere)
        return sound + self.hidden[0](self.norms[4](sound)), picture + self.hidden[1](self.norms[5](picture))


class JointLayer(nn.Module):
    """One attention over the tokens of both."""

    def __init__(self, width: int = 64, num_heads: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(width, num_heads, 4 * width, dropout, batch_first=True, norm_first=True)

    def forward(self, sound: Tensor, picture: Tensor, sound_mask: Tensor, picture_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(b, t, d) twice with their (b, t) masks -> the same."""
        mask = torch.cat([sound_mask, picture_mask], 1)
        safe = mask | ~mask.any(1, keepdim=True)
        both = self.layer(torch.cat([sound, picture], 1), src_key_padding_mask=~safe)
        return both[:, : sound.shape[1]], both[:, sound.shape[1] :]


class BidirectionalLayer(nn.Module):
    """The sound asks the picture, and the picture the sound."""

    def __init__(self, width: int = 64, num_heads: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        self.attend = nn.ModuleList(nn.MultiheadAttention(width, num_heads, dropout, batch_first=True) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.hidden = nn.ModuleList(_feedforward(width, dropout) for _ in range(2))

    def forward(self, sound: Tensor, picture: Tensor, sound_mask: Tensor, picture_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(b, t, d) twice with their (b, t) masks -> the same."""
        heard, seen = self.norms[0](sound), self.norms[1](picture)
        sound = sound + read(self.attend[0], heard, seen, picture_mask)
        picture = picture + read(self.attend[1], seen, heard, sound_mask)
        return sound + self.hidden[0](self.norms[2](sound)), picture + self.hidden[1](self.norms[3](picture))


def build_encoder(kind: str, width: int, num_heads: int, num_tokens: int) -> nn.Module:
    """The cross-modal layer of that kind.

    Raises:
        ConfigError: another kind.
    """
    if kind == "bottleneck":
        return BottleneckLayer(width, num_heads, num_tokens)
    if kind == "joint":
        return JointLayer(width, num_heads)
    if kind == "bidirectional":
        return BidirectionalLayer(width, num_heads)
    raise ConfigError(f"Unknown cross-modal encoder {kind!r}.", f"Known: {', '.join(ENCODERS)}.")


def read(attention: nn.Module, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
    """Attention that gives zeros where there is nothing to attend to."""
    present = mask.any(1)
    found, _ = attention(queries, keys, keys, key_padding_mask=~(mask | ~present[:, None]), need_weights=False)
    result: Tensor = found * present[:, None, None]
    return result


def positions(length: int, width: int) -> Tensor:
    """(length, width) sines and cosines (Vaswani et al. 2017)."""
    places = torch.arange(length, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10_000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2], table[:, 1::2] = torch.sin(places * rates), torch.cos(places * rates)
    return table


def _feedforward(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(4 * width, width))
