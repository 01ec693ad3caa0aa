"""Early and late fusion, each by sum, product or concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.errors import ConfigError

STAGES: Final = ("early", "late")
WAYS: Final = ("sum", "product", "concatenation")
Matrix = NDArray[np.floating[Any]]


def fuse(features: Sequence[Matrix], logits: Sequence[Matrix], stage: str, way: str) -> Matrix:
    """Join what the encoders give.

    Late products are of probabilities: a product of logits has no meaning where two are negative.

    Args:
        features: per modality (n, d), before the last layer; of one width for sum and product.
        logits: per modality (n, c), of the last layer.
        stage: "early" joins features, "late" softmax probabilities.
        way: "sum", "product" or "concatenation".

    Raises:
        ConfigError: an unknown stage or way, or widths that do not fit.
    """
    if stage not in STAGES or way not in WAYS:
        raise ConfigError(f"Unknown fusion {stage}, {way}.", f"Known: {', '.join(STAGES)}; {', '.join(WAYS)}.")
    parts = [np.asarray(part, np.float64) for part in (features if stage == "early" else map(softmax, logits))]
    if way == "concatenation":
        return np.concatenate(parts, axis=1)
    if len({part.shape for part in parts}) != 1:
        raise ConfigError("Sums and products need features of one width.", "Choose concatenation.")
    stacked = np.stack(parts)
    result: Matrix = stacked.sum(0) if way == "sum" else stacked.prod(0)
    return result


def softmax(scores: Matrix) -> Matrix:
    """(n, c) -> rows that sum to 1."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    result: Matrix = powers / powers.sum(1, keepdims=True)
    return result
