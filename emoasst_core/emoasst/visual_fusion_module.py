"""The visual fusion module (VFM): many face frames and a few text queries become one embedding."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.errors import ConfigError, EmoAsstError

QueryText = Literal["class", "utterance", "paper"]
EncoderScope = Literal["frame", "patch", "video"]

INITIAL_SCALE = 0.02  # as CLIP initialises its own learned embeddings


class VisualFusionModule(nn.Module):
    """One transformer encoder layer over the frames, two decoder layers that ask them M questions (EmoAsst, 3.2.1).

    A query is a learned vector plus the feature of a text; `queries` says which text the caller gives:

    * `class`: one query per emotion, each with the mean feature of that emotion's label-free prompts. The same in training, in
      the cache and in use, so no label can reach the network through it.
    * `utterance`: the feature of what was said, in training and in use (the result then is face and words, not face alone).
    * `paper`: as printed. In training the feature of a prompt that contains the right answer, in use that of the utterance.
      Kept for comparison only: the network learns to copy its query (see tests/core/emoasst/test_label_leak.py).

    `encoder_scope` says over what the encoder layer attends:

    * `frame`: each frame by itself, as printed. One vector per frame is a sequence of length one, its softmax is always 1, and
      the query and key weights of that layer (525,312 numbers) get no gradient; the layer is in effect a per-frame adapter.
    * `patch`: the patch tokens of each frame; the decoder then sees all tokens of all frames.
    * `video`: all frames of a clip, each with a learned embedding of its place in time.

    Args:
        embed_dim: size of frame, text and output vectors (CLIP ViT-B/32: 512).
        num_heads: attention heads of every layer.
        feedforward_dim: hidden size of every layer's feed-forward part.
        num_queries: M; seven, one per emotion.
        queries: which text the queries carry, see above.
        encoder_scope: see above.
        num_frames: most frames per clip; only `video` depends on it.
        dropout: share of activations dropped in training.

    Raises:
        ConfigError: an unknown option, or sizes that do not go together.
    """

    def __init__(
        self,
        embed_dim: int = 512,
        num_heads: int = 8,
        feedforward_dim: int = 2048,
        num_queries: int = 7,
        queries: QueryText = "class",
        encoder_scope: EncoderScope = "frame",
        num_frames: int = 24,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        _check_choice("queries", queries, get_args(QueryText))
        _check_choice("encoder_scope", encoder_scope, get_args(EncoderScope))
        if num_heads < 1 or embed_dim % num_heads:
            raise ConfigError(f"embed_dim = {embed_dim} cannot be shared evenly by num_heads = {num_heads}.")
        self.queries: QueryText = queries
        self.encoder_scope: EncoderScope = encoder_scope
        self.encoder = nn.TransformerEncoderLayer(embed_dim, num_heads, feedforward_dim, dropout, batch_first=True)
        self.decoder = nn.ModuleList(
            nn.TransformerDecoderLayer(embed_dim, num_heads, feedforward_dim, dropout, batch_first=True) for _ in range(2)
        )
        self.query_embed = nn.Parameter(torch.randn(num_queries, embed_dim) * INITIAL_SCALE)
        self.time_embed = nn.Parameter(torch.randn(num_frames, embed_dim) * INITIAL_SCALE) if encoder_scope == "video" else None

    def forward(self, frames: Tensor, query_text: Tensor, frame_mask: Tensor | None = None) -> Tensor:
        """Ask the frames every query.

        Args:
            frames: (b, n, d) one vector per frame; with `encoder_scope="patch"` (b, n, p, d), p tokens per frame.
            query_text: (m, d) the same text features for every clip, or (b, m, d) its own for every clip. With
                `queries="class"` only the former, m = num_queries; otherwise m may also be 1 and is shared by all queries.
            frame_mask: (b, n) True where there is a frame; what stands elsewhere changes nothing. None: all are there.

        Returns:
            (b, num_queries, d), one answer per query, not normalised.

        Raises:
            EmoAsstError: shapes that do not fit, or a clip without any frame.
        """
        mask = _checked_mask(frames, frame_mask, 4 if self.encoder_scope == "patch" else 3)
        target = self._ask(query_text, len(frames))
        if mask is None:  # no mask, not one of ones: to check one, torch imports sympy, which takes a second and 60 MB
            memory, absent = self._encode(frames, None)
        else:
            memory, absent = self._encode(frames.masked_fill(_widen(~mask, frames), 0.0), ~mask)
        for layer in self.decoder:
            target = layer(target, memory, memory_key_padding_mask=absent)
        return target

    def embed(self, frames: Tensor, query_text: Tensor, frame_mask: Tensor | None = None) -> Tensor:
        """(b, d) unit vectors: the mean over the answers; arguments as `forward`."""
        return F.normalize(self(frames, query_text, frame_mask).float().mean(1), dim=-1)

    def _ask(self, query_text: Tensor, batch_size: int) -> Tensor:
        num_queries, embed_dim = self.query_embed.shape
        text = query_text.unsqueeze(0) if query_text.dim() == 2 else query_text
        if self.queries == "class":
            allowed = text.shape == (1, num_queries, embed_dim)
        else:
            allowed = text.dim() == 3 and text.shape[0] in (1, batch_size) and text.shape[1] in (1, num_queries)
            allowed = allowed and text.shape[2] == embed_dim
        if not allowed:
            raise EmoAsstError(
                f"Query text of shape {tuple(query_text.shape)} does not fit "
                f"{num_queries} {self.queries} queries of size {embed_dim}.",
                "Class queries take one text feature per query, the same for every clip.",
            )
        return (self.query_embed + text).expand(batch_size, -1, -1)

    def _encode(self, frames: Tensor, absent: Tensor | None) -> tuple[Tensor, Tensor | None]:
        batch_size, num_frames, embed_dim = frames.shape[0], frames.shape[1], frames.shape[-1]
        if self.time_embed is not None:
            if num_frames > len(self.time_embed):
                raise EmoAsstError(f"{num_frames} frames were given to a module made for {len(self.time_embed)}.")
            return self.encoder(frames + self.time_embed[:num_frames], src_key_padding_mask=absent), absent
        num_tokens = frames.shape[2] if frames.dim() == 4 else 1
        tokens = self.encoder(frames.reshape(batch_size * num_frames, num_tokens, embed_dim))
        absent = None if absent is None else absent.repeat_interleave(num_tokens, dim=1)
        return tokens.reshape(batch_size, num_frames * num_tokens, embed_dim), absent


def class_scores(answers: Tensor, class_text: Tensor) -> Tensor:
    """(b, m, d) answers to class queries and their (m, d) text features -> (b, m) cosines, one score per emotion."""
    return (F.normalize(answers.float(), dim=-1) * F.normalize(class_text.float(), dim=-1)).sum(-1)


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"Unknown {name} {value!r}.", f"Known: {', '.join(known)}.")


def _widen(mask: Tensor, like: Tensor) -> Tensor:
    return mask.reshape(*mask.shape, *(1 for _ in range(like.dim() - mask.dim())))


def _checked_mask(frames: Tensor, frame_mask: Tensor | None, num_dims: int) -> Tensor | None:
    if frames.dim() != num_dims or 0 in frames.shape[1:]:
        raise EmoAsstError(f"Frames of shape {tuple(frames.shape)} were given where {num_dims} filled axes are needed.")
    if frame_mask is None:
        return None
    if frame_mask.shape != frames.shape[:2]:
        raise EmoAsstError(f"A mask of shape {tuple(frame_mask.shape)} does not fit frames of shape {tuple(frames.shape)}.")
    if not bool(frame_mask.any(1).all()):
        raise EmoAsstError("A clip without any frame was given.", "Leave a clip whose face was never seen out of the batch.")
    return frame_mask.bool()
