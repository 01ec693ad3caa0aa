"""The auditory adapter (AA): the states of a frozen speech model become one embedding in the space of the prompts."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.errors import ConfigError, EmoAsstError


class AuditoryAdapter(nn.Module):
    """Three transformer encoder layers over the states of an utterance, averaged over time (EmoAsst, 3.2.2).

    The paper's 9.46 M parameters are the three layers at 512; the way from 768 to 512 that they need is not in that count.

    Args:
        audio_dim: size of a state (wav2vec 2.0 base: 768).
        embed_dim: size of the embedding, that of the text features (512).
        num_heads: attention heads of every layer.
        feedforward_dim: hidden size of every layer's feed-forward part.
        num_layers: transformer encoder layers.
        projection: "pre" projects the states to `embed_dim` before the layers (9,850,880 parameters in all), "post" after them
            (16,935,680).
        dropout: share of activations dropped in training.

    Raises:
        ConfigError: an unknown option, or sizes that do not go together.
    """

    def __init__(
        self,
        audio_dim: int = 768,
        embed_dim: int = 512,
        num_heads: int = 8,
        feedforward_dim: int = 2048,
        num_layers: int = 3,
        projection: Literal["pre", "post"] = "pre",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if projection not in ("pre", "post"):
            raise ConfigError(f"Unknown projection {projection!r}.", "Known: pre, post.")
        width = embed_dim if projection == "pre" else audio_dim
        if num_heads < 1 or width % num_heads:
            raise ConfigError(f"Layers of size {width} cannot be shared evenly by num_heads = {num_heads}.")
        self.projection_place = projection
        self.projection = nn.Linear(audio_dim, embed_dim)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, num_heads, feedforward_dim, dropout, batch_first=True) for _ in range(num_layers)
        )

    def forward(self, states: Tensor, mask: Tensor | None = None) -> Tensor:
        """Embed utterances.

        Args:
            states: (b, t, audio_dim).
            mask: (b, t) True where there is sound; what stands elsewhere changes nothing. None: all is sound.

        Returns:
            (b, embed_dim) unit float32: the mean over the steps with sound.

        Raises:
            EmoAsstError: shapes that do not fit, or an utterance without any sound.
        """
        mask = _checked_mask(states, mask, self.projection.in_features)
        hidden = states.masked_fill(~mask.unsqueeze(-1), 0.0)
        if self.projection_place == "pre":
            hidden = self.projection(hidden)
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=~mask)
        if self.projection_place == "post":
            hidden = self.projection(hidden)
        kept = hidden.float().masked_fill(~mask.unsqueeze(-1), 0.0)
        return F.normalize(kept.sum(1) / mask.sum(1, keepdim=True), dim=-1)


def _checked_mask(states: Tensor, mask: Tensor | None, audio_dim: int) -> Tensor:
    if states.dim() != 3 or states.shape[1] == 0 or states.shape[2] != audio_dim:
        raise EmoAsstError(f"States of shape {tuple(states.shape)} were given where (b, t, {audio_dim}) is needed.")
    if mask is None:
        return torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)
    if mask.shape != states.shape[:2]:
        raise EmoAsstError(f"A mask of shape {tuple(mask.shape)} does not fit states of shape {tuple(states.shape)}.")
    if not bool(mask.any(1).all()):
        raise EmoAsstError("An utterance without any sound was given.", "Leave an utterance that was not heard out of the batch.")
    return mask.bool()
