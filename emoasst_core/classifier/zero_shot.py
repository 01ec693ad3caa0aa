"""The zero-shot head: an embedding compared with the prompts of every emotion (EmoAsst, Eq. 2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoasst_core.errors import ModelError

PAPER_SCALE = 1.0  # Eq. 2 adds plain cosines
TIP_ADAPTER_SCALE = 100.0  # CLIP's own scale; an alpha of the cache chosen beside one scale means nothing beside the other


class ZeroShotHead:
    """Scaled cosines to the text features, plus a bias per emotion.

    Args:
        text_weights: (c, d), one feature per emotion; made unit vectors here.
        scale: zero_shot_scale, see the constants above; a trained head has its own.
        bias: (c,) added to every answer; None for zeros, as in the paper.

    Raises:
        ModelError: shapes that do not fit, or a text feature without a direction.
    """

    def __init__(self, text_weights: ArrayLike, scale: float = PAPER_SCALE, bias: ArrayLike | None = None) -> None:
        weights = np.asarray(text_weights, np.float64)
        self.bias = np.zeros(weights.shape[:1]) if bias is None else np.asarray(bias, np.float64)
        if weights.ndim != 2 or self.bias.shape != weights.shape[:1]:
            raise ModelError(f"Text weights {weights.shape} and bias {self.bias.shape} do not fit together.")
        lengths = np.linalg.norm(weights, axis=1, keepdims=True)
        if not np.all(lengths > 0) or not np.all(np.isfinite(lengths)):
            raise ModelError("A text feature of this model has no direction.", "Import the model again.")
        self.text_weights: NDArray[np.float64] = weights / lengths
        self.scale = float(scale)

    def logits(self, embedding: ArrayLike) -> NDArray[np.float64]:
        """(d,) or (b, d) unit vectors -> (c,) or (b, c).

        Raises:
            ModelError: the embedding is of another size than the text features.
        """
        vector = np.asarray(embedding, np.float64)
        if vector.ndim not in (1, 2) or vector.shape[-1] != self.text_weights.shape[1]:
            raise ModelError(f"An embedding {vector.shape} cannot be compared with text weights {self.text_weights.shape}.")
        result: NDArray[np.float64] = self.scale * (vector @ self.text_weights.T) + self.bias
        return result
