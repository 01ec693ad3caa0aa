"""What every encoder offers. Pictures, sound and words go in as numpy or str, float32 arrays come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.encoders.card import Card


class Encoder(Protocol):
    """Weights loaded once, evaluation mode, no gradients, no network."""

    modality: Modality
    card: Card


class PictureEncoder(Encoder, Protocol):
    """Face crops to unit vectors; `embed_dim` values each."""

    embed_dim: int

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n crops, (h, w, 3) uint8 RGB of any size -> (n, embed_dim) unit float32."""
        ...


class SoundEncoder(Encoder, Protocol):
    """Sound to a row of states; pooling and the way to an embedding are the auditory adapter's."""

    state_dim: int

    def states(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) 16 kHz sound -> (num_steps, state_dim) float32."""
        ...


class WordsEncoder(Encoder, Protocol):
    """Texts to unit vectors in the space of the pictures: prompts, and transcripts where there is no `UtteranceEncoder`."""

    embed_dim: int

    def embed(self, texts: Sequence[str]) -> Vector:
        """n texts -> (n, embed_dim) unit float32."""
        ...


class UtteranceEncoder(Encoder, Protocol):
    """A transcript and what was said before it to a unit vector in the space of the pictures."""

    embed_dim: int

    def embed(self, text: str, context: Sequence[str] = ()) -> Vector:
        """One transcript, with those before it, oldest first -> (embed_dim,) unit float32."""
        ...
