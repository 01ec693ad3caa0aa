"""What the compared systems share as recognisers: profile, presence of modalities, calibration, the family's corrections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.shot_cache import ShotCache
from emoasst_core.datatypes import SAMPLE_RATE_HZ, Modality, Prediction, Query, Shot, Source, Utterance, Vector
from emoasst_core.encoders.checkpoints import load_weights, require_file
from emoasst_core.errors import ModelError
from emoasst_core.systems.profile import WEIGHT_FILE, hash_of, read_system_profile
from emoasst_core.windows.silence import trim_silence

MIN_SOUND_S = 0.4


class SystemRecogniser(ABC):
    """A system opened from its profile folder. Subclasses say how each modality is embedded and how a decision is made.

    Args:
        folder: of the profile.
        shots: the family's corrections.

    Raises:
        ModelError: a part of the profile is missing or damaged.
        CacheError: a shot belongs to other encoders.
    """

    def __init__(self, folder: Path, shots: Sequence[Shot] = ()) -> None:
        self.folder = folder
        self.config = read_system_profile(folder)
        self.encoder_hash = hash_of(folder, self.config)
        self.calibration = Calibration.from_dict(self.config.calibration)
        self.network = self.build(self.config.network, folder)
        fill(self.network, folder)
        self._cache = self._empty_cache()
        self.use_shots(shots)

    @abstractmethod
    def build(self, network: Mapping[str, Any], folder: Path) -> nn.Module:
        """The networks with random weights, as the profile describes them."""

    @abstractmethod
    def logits(self, embeddings: Mapping[Modality, Vector]) -> NDArray[np.floating[Any]]:
        """{modality: (embed_dim,)} -> (num_emotions,), before calibration."""

    @abstractmethod
    def embed_crops(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n face crops, (s, s, 3) uint8 RGB -> (n, frame_dim)."""

    @abstractmethod
    def embed_video(self, frame_embeddings: Vector) -> Vector:
        """(num_frames, frame_dim) -> (embed_dim,)."""

    @abstractmethod
    def embed_sound(self, samples: NDArray[np.float32]) -> Vector:
        """(n,) sound without silent ends -> (embed_dim,)."""

    @abstractmethod
    def embed_text(self, text: str) -> Vector:
        """A transcript -> (embed_dim,)."""

    @property
    def num_parameters(self) -> int:
        """Weights of all networks."""
        return sum(weight.numel() for weight in self.network.parameters())

    def use_shots(self, shots: Sequence[Shot], mode: str = "") -> None:  # noqa: ARG002 - one protocol
        """Replace the family's corrections; takes effect at the next prediction.

        Args:
            shots: they are weighed as in Tip-Adapter, everybody's alike.
            mode: EmoAsst's choice of memory; these systems have only the one.
        """
        cache = self._empty_cache()
        for shot in shots:
            cache.add(shot)
        self._cache = cache

    def embed_voice(self, samples: NDArray[np.float32]) -> Vector | None:
        """(n,) sound at 16 kHz -> (embed_dim,); None for less than `MIN_SOUND_S`."""
        trimmed = trim_silence(samples)
        if len(trimmed) < MIN_SOUND_S * SAMPLE_RATE_HZ:
            return None
        with torch.inference_mode():
            return self.embed_sound(trimmed[: int(self.config.max_sound_s * SAMPLE_RATE_HZ)].astype(np.float32))

    def embed_words(self, text: str, context: Sequence[str] = ()) -> Vector | None:  # noqa: ARG002 - one protocol
        """A transcript -> (embed_dim,); None for less than `min_words` words. What was said before it is not read."""
        if len(text.split()) < self.config.min_words:
            return None
        with torch.inference_mode():
            return self.embed_text(text)

    def encode(self, utterance: Utterance) -> dict[Modality, Vector]:
        """{modality: (embed_dim,)} of what is present; an absent modality has no entry."""
        embeddings: dict[Modality, Vector] = {}
        if utterance.frame_embeddings is not None and len(utterance.frame_embeddings):
            embeddings[Modality.FACE] = self.embed_video(utterance.frame_embeddings)
        if utterance.samples is not None and (voice := self.embed_voice(utterance.samples)) is not None:
            embeddings[Modality.VOICE] = voice
        if (words := self.embed_words(utterance.text)) is not None:
            embeddings[Modality.WORDS] = words
        return embeddings

    def classify(self, embeddings: Mapping[Modality, Vector], person: str = "") -> Vector:  # noqa: ARG002 - one protocol
        """{modality: (embed_dim,)} -> (num_emotions,) calibrated probabilities, summing to 1; alike for every person.

        Raises:
            ModelError: nothing is present.
        """
        if not embeddings:
            raise ModelError("There is nothing to compare: no modality is present.")
        with torch.inference_mode():
            scores = np.asarray(self.logits(embeddings), np.float64)
        present = tuple(modality for modality in Modality if modality in embeddings)
        query = Query(dict(embeddings), dict.fromkeys(present, 1 / len(present)))
        return self.calibration.predict(scores + self._cache.logits(query), present)

    def predict(self, utterance: Utterance) -> Prediction | None:
        """Name the emotion of one utterance; None where nothing of it could be seen, heard or read."""
        embeddings = self.encode(utterance)
        if not embeddings:
            return None
        source = Source.FUSED if len(embeddings) > 1 else Source(next(iter(embeddings)).value)
        return Prediction(utterance.start_s, utterance.end_s, source, self.classify(embeddings), utterance.person)

    def _empty_cache(self) -> ShotCache:
        alphas = {Modality(name): alpha for name, alpha in self.config.alphas.items()}
        return ShotCache(self.encoder_hash, alphas, self.config.beta)


def fill(network: nn.Module, folder: Path) -> None:
    """Load `network.safetensors` into a network and set it to evaluation mode.

    Raises:
        ModelError: the file is missing or damaged, or was made for other sizes.
    """
    weights = load_weights(require_file(folder, WEIGHT_FILE))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"The weights in {folder} do not fit its profile: {reason}", "Train the system again.") from error
    network.eval().requires_grad_(False)


def save_network(network: nn.Module, folder: Path) -> None:
    """Write `network.safetensors`, whole or not at all."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{WEIGHT_FILE}.writing"
    save_file({name: value.detach().cpu().contiguous().clone() for name, value in network.state_dict().items()}, temporary)
    temporary.replace(folder / WEIGHT_FILE)


def unit(vector: NDArray[np.floating[Any]]) -> Vector:
    """(n,) -> (n,) unit float32."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
