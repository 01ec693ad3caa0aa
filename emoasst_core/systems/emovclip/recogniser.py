"""EmoVCLIP behind the protocol: an embedding is one modality's feature vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Shot, Vector
from emoasst_core.systems.emovclip.network import EmoVClip
from emoasst_core.systems.emovclip.text_augmenter import LocalTextAugmenter, NoAugmenter, TextAugmenter
from emoasst_core.systems.system_recogniser import SystemRecogniser, unit


class EmoVClipRecogniser(SystemRecogniser):
    """Features of face, voice and words, fused by five networks.

    The text augmenter can be replaced: `recogniser.augmenter = mine`.
    """

    network: EmoVClip

    def __init__(self, folder: Path, shots: Sequence[Shot] = ()) -> None:
        super().__init__(folder, shots)
        self.augmenter: TextAugmenter = (
            local_augmenter(self.network) if self.network.settings["augments_text"] else NoAugmenter()
        )  # fmt: skip

    def build(self, network: Mapping[str, Any], folder: Path) -> EmoVClip:  # noqa: ARG002 - all of it is in the profile
        """The network with random weights."""
        return EmoVClip.from_settings(network)

    @torch.inference_mode()
    def embed_crops(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n face crops -> (n, 2 embed_dim)."""
        if not crops:
            return np.zeros((0, 2 * self.network.towers.embed_dim), np.float32)
        result: Vector = self.network.picture_features(self.network.towers.prepare(crops)).numpy()
        return result

    def embed_video(self, frame_embeddings: Vector) -> Vector:
        """(num_frames, 2 embed_dim) -> (4 embed_dim,): mean and variance over time."""
        return unit(self.network.pool(torch.from_numpy(np.ascontiguousarray(frame_embeddings))).numpy())

    def embed_sound(self, samples: NDArray[np.float32]) -> Vector:
        """(n,) sound -> the speech model's vector."""
        return unit(self.network.speech(torch.from_numpy(np.ascontiguousarray(samples))).numpy())

    def embed_text(self, text: str) -> Vector:
        """A transcript, augmented -> CLIP's text feature."""
        numbers = self.network.towers.tokenize([self.augmenter.augment(text)])
        return unit(self.network.towers.text_features(numbers)[0].numpy())

    def logits(self, embeddings: Mapping[Modality, Vector]) -> NDArray[np.floating[Any]]:
        """{modality: features} -> (num_emotions,)."""
        features = named_features({name: torch.from_numpy(np.array(vector)) for name, vector in embeddings.items()})
        result: NDArray[np.floating[Any]] = self.network(features).numpy()
        return result


def named_features(embeddings: Mapping[Modality, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The four features that are fused, out of the three modalities: the face gives CLIP's and the prompted CLIP's."""
    features = {modality.value: vector for modality, vector in embeddings.items() if modality is not Modality.FACE}
    if Modality.FACE in embeddings:
        features["face"], features["prompted"] = embeddings[Modality.FACE].chunk(2)
    return features


def local_augmenter(network: EmoVClip) -> LocalTextAugmenter:
    """Ranks feelings by the similarity of a text with the label sentences, in the frozen text tower."""
    labels = network.towers.text_features(network.numbers)

    def score(text: str) -> NDArray[np.floating[Any]]:
        with torch.inference_mode():
            found: NDArray[np.floating[Any]] = (
                network.towers.text_features(network.towers.tokenize([text]))[0] @ labels.T
            ).numpy()
        return found

    return LocalTextAugmenter(score)
