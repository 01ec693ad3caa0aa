"""What every system offers, so that recordings, live conversations and measurements need not know which one runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Prediction, Shot, Utterance, Vector


class RecogniserConfig(Protocol):
    """What a session asks of a recogniser's settings."""

    @property
    def name(self) -> str:
        """Of the profile."""

    @property
    def num_frames(self) -> int:
        """Face frames per utterance or window."""

    @property
    def cues(self) -> Mapping[str, float]:
        """Thresholds of the cue policy that this model needs."""


class Recogniser(Protocol):
    """Names the emotion of utterances.

    A modality's embedding is one unit vector of fixed length; only the system that made it knows what its numbers mean (for
    EmoAsst a point beside the prompts, for the others their tokens or prepared pictures). Whatever needs several modalities at
    once happens in `classify`, so that words may arrive later than the voice that spoke them.
    """

    encoder_hash: str

    @property
    def config(self) -> RecogniserConfig:
        """Its settings."""

    @property
    def num_parameters(self) -> int:
        """Weights of all its networks."""

    def use_shots(self, shots: Sequence[Shot], mode: str = "") -> None:
        """Replace the family's corrections; takes effect at the next prediction.

        Args:
            mode: "personal" or "paper", for systems that know both; "" for what the profile says.
        """

    def predict(self, utterance: Utterance) -> Prediction | None:
        """Name the emotion of one utterance; None where nothing of it could be seen, heard or read."""

    def encode(self, utterance: Utterance) -> dict[Modality, Vector]:
        """{modality: (embed_dim,)} of what is present; an absent modality has no entry."""

    def classify(self, embeddings: Mapping[Modality, Vector], person: str = "") -> Vector:
        """{modality: (embed_dim,)} -> (num_emotions,) calibrated probabilities, summing to 1.

        Args:
            person: whose they are, for systems that keep the answers of each person apart; "" where nobody knows.
        """

    def embed_crops(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n face crops, (s, s, 3) uint8 RGB -> (n, frame_dim)."""

    def embed_video(self, frame_embeddings: Vector) -> Vector:
        """(num_frames, frame_dim), in time order -> (embed_dim,)."""

    def embed_voice(self, samples: NDArray[np.float32]) -> Vector | None:
        """(n,) sound at 16 kHz -> (embed_dim,); None where it is too short or the system does not listen."""

    def embed_words(self, text: str, context: Sequence[str] = ()) -> Vector | None:
        """A transcript -> (embed_dim,); None where there is too little of it or the system does not read.

        Args:
            context: transcripts of up to two utterances before it, oldest first; a system may leave them unread.
        """
