"""Texts to embeddings in the space of the pictures, through an open_clip text tower."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.encoders.card import read_card
from emoasst_core.encoders.compute_device import ComputeDevice, choose_device
from emoasst_core.encoders.open_clip_network import import_open_clip, load_tower, model_config

BATCH_SIZE: Final = 128
DEFAULT_CONTEXT_LENGTH: Final = 77  # tokens, CLIP's own
MAX_REMEMBERED: Final = 4096  # texts; 4096 x 512 float32 are 8 MB


class TextEncoder:
    """A text tower with CLIP's byte-pair vocabulary (it is part of the open_clip package). Remembers what it embedded.

    Args:
        folder: same layout as for `VisionEncoder`; may be the same folder.
        device: chosen here if None.

    Raises:
        ModelError: a file is missing, damaged or of another kind.
    """

    modality = Modality.WORDS

    def __init__(self, folder: Path, device: ComputeDevice | None = None) -> None:
        self.folder = folder
        self.card = read_card(folder, "open_clip")
        self.device = device or choose_device()
        text_config: dict[str, Any] = model_config(folder, self.card)["text_cfg"]
        self.context_length = int(text_config.get("context_length", DEFAULT_CONTEXT_LENGTH))
        self.tokenizer = import_open_clip().SimpleTokenizer(
            context_length=self.context_length, **text_config.get("tokenizer_kwargs", {})
        )
        self.tower: Any = load_tower(folder, self.card, "text").to(self.device.name)
        self._remembered: dict[str, Vector] = {}
        self.embed_dim = self.embed([""]).shape[1]

    @property
    def num_parameters(self) -> int:
        """Weights of the tower, with the scale of the cosines."""
        return sum(weight.numel() for weight in self.tower.parameters())

    @property
    def logit_scale(self) -> float:
        """What the checkpoint multiplies its cosines by."""
        return float(self.tower.logit_scale.exp())

    def embed(self, texts: Sequence[str]) -> Vector:
        """Embed texts; words beyond `context_length` tokens are not read.

        Args:
            texts: n texts; each distinct one is computed once.

        Returns:
            (n, embed_dim) float32, every row of length 1.
        """
        if not texts:
            return np.zeros((0, self.embed_dim), np.float32)
        wanted = list(dict.fromkeys(texts))
        found = {text: self._remembered[text] for text in wanted if text in self._remembered}
        new = [text for text in wanted if text not in found]
        # On a CPU one by one: in a batch the last bits of a text depend on its neighbours, and a resumed training has others.
        step = 1 if self.device.name == "cpu" else BATCH_SIZE
        for start in range(0, len(new), step):
            batch = new[start : start + step]
            found.update(zip(batch, self._run(batch), strict=True))
        self._remembered.update({text: found[text] for text in new})
        while len(self._remembered) > MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        return np.stack([found[text] for text in texts])

    @torch.inference_mode()
    def _run(self, texts: list[str]) -> Vector:
        tokens = self.tokenizer(texts).to(self.device.name)
        with self.device.autocast():
            embeddings = self.tower.encode_text(tokens)
        result: Vector = F.normalize(embeddings.float(), dim=-1).cpu().numpy()
        return result
