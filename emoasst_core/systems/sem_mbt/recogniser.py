"""MER-SEM-MBT behind the protocol: an embedding is the prepared input, since the words guide the convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.systems.sem_mbt.network import SemMbt, SemMbtOptions, SemMbtSystem
from emoasst_core.systems.sem_mbt.preparation import MAX_STEPS, as_inputs, picture_rows, sound_rows, step_frames
from emoasst_core.systems.sequences import pack, unpack
from emoasst_core.systems.system_recogniser import SystemRecogniser
from emoasst_core.systems.text_states import MAX_TOKENS, build_text


class SemMbtRecogniser(SystemRecogniser):
    """Prepared pictures, sound and word states, read together."""

    network: SemMbtSystem

    def build(self, network: Mapping[str, Any], folder: Path) -> SemMbtSystem:
        """The networks with random weights."""
        text = build_text(network["text"], folder)
        return SemMbtSystem(text, SemMbt(network["text_dim"], SemMbtOptions(**network["options"])))

    @property
    def _num_steps(self) -> int:
        return MAX_STEPS["small" if self.config.num_frames <= MAX_STEPS["small"] else "full"]

    def embed_crops(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """n face crops -> (n, 3 * s * s) prepared pictures."""
        result: Vector = picture_rows(crops, self.network.network.options.picture_size).numpy()
        return result

    def embed_video(self, frame_embeddings: Vector) -> Vector:
        """(num_frames, 3 * s * s) -> one picture per step, packed."""
        rows = step_frames(len(frame_embeddings), min(self.config.num_frames, len(frame_embeddings)))
        return pack(torch.from_numpy(np.ascontiguousarray(frame_embeddings[rows])), self.config.num_frames)

    def embed_sound(self, samples: NDArray[np.float32]) -> Vector:
        """(n,) sound -> a log-mel picture per 960 ms, packed."""
        return pack(sound_rows(samples, self._num_steps), self._num_steps)

    def embed_text(self, text: str) -> Vector:
        """A transcript -> its states, the sentence's own first, packed."""
        states, mask = self.network.text([text])
        return pack(states[0][mask[0]], MAX_TOKENS)

    def logits(self, embeddings: Mapping[Modality, Vector]) -> NDArray[np.floating[Any]]:
        """{modality: packed rows} -> (num_emotions,)."""
        size = self.network.network.options.picture_size
        widths = {Modality.VOICE: 64 * 96, Modality.FACE: 3 * size * size, Modality.WORDS: self.network.network.text_dim}
        prepared = {}
        for modality, vector in embeddings.items():
            rows, mask = unpack(vector, widths[modality])
            prepared[modality] = as_inputs(rows)[None], mask[None]
        result: NDArray[np.floating[Any]] = self.network.network(prepared)[0].numpy()
        return result
