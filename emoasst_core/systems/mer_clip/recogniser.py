"""MER-CLIP behind the protocol: an embedding is the packed token sequence of one modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Shot, Vector
from emoasst_core.systems.mel_pictures import MER_CLIP_MEL, as_pictures, mel_segments
from emoasst_core.systems.mer_clip.network import MerClip
from emoasst_core.systems.sequences import pack, spread, unpack
from emoasst_core.systems.system_recogniser import SystemRecogniser

MAX_WORDS = 32  # tokens of a transcript that are carried along


class MerClipRecogniser(SystemRecogniser):
    """Tokens of each modality, read together by the cross-modal decoder."""

    network: MerClip

    def __init__(self, folder: Path, shots: Sequence[Shot] = ()) -> None:
        super().__init__(folder, shots)
        self.network.settle()

    def build(self, network: Mapping[str, Any], folder: Path) -> MerClip:  # noqa: ARG002 - all of it is in the profile
        """The network with random weights."""
        return MerClip.from_settings(network)

    @torch.inference_mode()
    def embed_crops(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n face crops -> (n, embed_dim) unit tokens."""
        if not crops:
            return np.zeros((0, self.network.towers.embed_dim), np.float32)
        result: Vector = self.network.face_tokens(self.network.towers.prepare(crops)).numpy()
        return result

    def embed_video(self, frame_embeddings: Vector) -> Vector:
        """(num_frames, embed_dim) tokens -> evenly spread ones, packed."""
        rows = spread(len(frame_embeddings), self.config.num_frames)
        return pack(torch.from_numpy(np.ascontiguousarray(frame_embeddings[rows])), self.config.num_frames)

    def embed_sound(self, samples: NDArray[np.float32]) -> Vector:
        """(n,) sound -> a token per two seconds, packed."""
        pictures = as_pictures(mel_segments(samples, MER_CLIP_MEL), self.network.towers.image_size)
        return pack(self.network.voice_tokens(pictures), MER_CLIP_MEL.max_segments)

    def embed_text(self, text: str) -> Vector:
        """A transcript -> its word tokens, packed."""
        tokens, mask = self.network.word_tokens(self.network.towers.tokenize([text]))
        return pack(tokens[0][mask[0]], MAX_WORDS)

    def logits(self, embeddings: Mapping[Modality, Vector]) -> NDArray[np.floating[Any]]:
        """{modality: packed tokens} -> (num_emotions,)."""
        width = self.network.towers.embed_dim
        tokens = {}
        for modality, vector in embeddings.items():
            rows, mask = unpack(vector, width)
            tokens[modality] = rows[None], mask[None]
        result: NDArray[np.floating[Any]] = self.network(tokens)[0].numpy()
        return result
