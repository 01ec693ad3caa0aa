"""The transformers and their support vectors behind the protocol: an embedding is a modality's features and logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.classifier.calibration import modality_key
from emoasst_core.datatypes import Modality, Vector
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.systems.sem_mbt.preparation import as_inputs, picture_rows
from emoasst_core.systems.sequences import spread
from emoasst_core.systems.system_recogniser import SystemRecogniser, unit
from emoasst_core.systems.transformer_svm.encoders import SpeechEncoder, TextEncoder, VideoEncoder
from emoasst_core.systems.transformer_svm.fusion import fuse
from emoasst_core.systems.transformer_svm.stored_svm import StoredSvm

ORDER = (Modality.FACE, Modality.VOICE, Modality.WORDS)


class TransformerSvm(nn.Module):
    """Three encoders and one support vector machine per set of modalities.

    Args:
        settings: {"text", "speech", "video": settings of the encoders, "svms": {"face+voice": sizes}, "stage", "way"}.
        folder: with the text model's tokenizer.
    """

    def __init__(self, settings: Mapping[str, Any], folder: Path) -> None:
        super().__init__()
        self.settings = dict(settings)
        self.encoders = nn.ModuleDict({
            "face": VideoEncoder(settings["video"]), "voice": SpeechEncoder(settings["speech"]),
            "words": TextEncoder(settings["text"], folder),
        })  # fmt: skip
        self.svms = nn.ModuleDict({key: StoredSvm(**sizes) for key, sizes in settings.get("svms", {}).items()})

    def joined(self, parts: Mapping[Modality, tuple[NDArray[Any], NDArray[Any]]]) -> NDArray[np.floating[Any]]:
        """{modality: ((n, d) features, (n, c) logits)} -> (n, k), fused as the settings say."""
        present = [parts[modality] for modality in ORDER if modality in parts]
        return fuse(
            [features for features, _ in present], [logits for _, logits in present], self.settings["stage"], self.settings["way"]
        )

    def prepare_pictures(self, pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> Tensor:
        """n of (h, w, 3) uint8 -> (n, ...) what the video encoder takes of each frame."""
        video: Any = self.encoders["face"]
        rows = as_inputs(picture_rows(pictures, video.size)).reshape(-1, 3, video.size, video.size)
        result: Tensor = video.prepare(rows)
        return result

    @property
    def num_frames(self) -> int:
        """Frames of a clip that the video encoder takes."""
        video: Any = self.encoders["face"]
        return int(video.num_frames)


class TransformerSvmRecogniser(SystemRecogniser):
    """Features of each modality, joined by support vectors."""

    network: TransformerSvm

    def build(self, network: Mapping[str, Any], folder: Path) -> TransformerSvm:
        """The networks with random weights."""
        return TransformerSvm(network, folder)

    @torch.inference_mode()
    def embed_crops(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n face crops -> (n, k) prepared frames."""
        result: Vector = self.network.prepare_pictures(crops).flatten(1).numpy()
        return result

    @torch.inference_mode()
    def embed_video(self, frame_embeddings: Vector) -> Vector:
        """(num_frames, k) prepared frames -> the video encoder's features and logits."""
        video: Any = self.network.encoders["face"]
        rows = torch.from_numpy(np.ascontiguousarray(frame_embeddings[spread(len(frame_embeddings), video.num_frames)]))
        return self._answer("face", rows.reshape(len(rows), *video.frame_shape))

    def embed_sound(self, samples: NDArray[np.float32]) -> Vector:
        """(n,) sound -> the speech encoder's features and logits."""
        speech: Any = self.network.encoders["voice"]
        return self._answer("voice", speech.prepare(samples))

    def embed_text(self, text: str) -> Vector:
        """A transcript -> the text encoder's features and logits."""
        return self._answer("words", text)

    def logits(self, embeddings: Mapping[Modality, Vector]) -> NDArray[np.floating[Any]]:
        """{modality: features and logits} -> (num_emotions,) of the machine for these modalities."""
        parts = {modality: split_answer(vector[None]) for modality, vector in embeddings.items()}
        machine: Any = self.network.svms[modality_key(embeddings)]
        result: NDArray[np.floating[Any]] = machine(torch.from_numpy(self.network.joined(parts)))[0].numpy()
        return result

    def _answer(self, name: str, prepared: Any) -> Vector:
        encoder: Any = self.network.encoders[name]
        features = encoder.features([prepared])
        return unit(torch.cat([features, encoder.head(features)], 1)[0].numpy())


def split_answer(vectors: NDArray[np.floating[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(n, width + num_emotions) unit rows -> features and logits at their own scale: the features' variance is known to be 1."""
    features, logits = vectors[:, :-NUM_EMOTIONS], vectors[:, -NUM_EMOTIONS:]
    scale = features.shape[1] ** 0.5 / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    return features * scale, logits * scale
