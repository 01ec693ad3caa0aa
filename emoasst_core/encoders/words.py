"""What an utterance's words say, as a point in the joint space: a linear reading of its grams, put onto the emotion anchors.

The unit vector has two parts. On the anchors lies the evidence for each emotion, so that the comparison with the class prompts
gives it back; at right angles to them lies what was said, so that the family's answers reach utterances with the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.encoders.card import Card, read_card
from emoasst_core.encoders.checkpoints import load_weights, require_file
from emoasst_core.encoders.word_grams import BLOCK_WEIGHTS, NUM_BUCKETS, count_grams
from emoasst_core.errors import ModelError

WEIGHT_FILE: Final = "model.safetensors"
EVIDENCE_SCALE: Final = 8.0  # nats of evidence that weigh as much as what was said; also the scale of the zero-shot head
Sparse = tuple[NDArray[np.int64], NDArray[np.float32]]


class GramsEncoder:
    """Linear reading of an utterance and the two before it; a few thousand additions, no network.

    Args:
        folder: holds `card.json` of kind "grams" and `model.safetensors` with weights (num_buckets, num_emotions), bias,
            rarity (num_buckets,), anchors and complement, see `place`.

    Raises:
        ModelError: a file is missing, damaged or of another kind or size.
    """

    modality = Modality.WORDS

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card: Card = read_card(folder, "grams")
        stored = {name: value.float().numpy() for name, value in load_weights(require_file(folder, WEIGHT_FILE)).items()}
        if missing := {"weights", "bias", "rarity", "anchors", "complement"} - set(stored):
            raise ModelError(f"{folder / WEIGHT_FILE} lacks {', '.join(sorted(missing))}.", "Choose another model folder.")
        self.weights, self.bias, self.rarity = stored["weights"], stored["bias"], stored["rarity"]
        self.anchors, self.complement = stored["anchors"], stored["complement"]
        if self.weights.shape != (NUM_BUCKETS, len(self.anchors)) or self.rarity.shape != (NUM_BUCKETS,):
            raise ModelError(
                f"{folder / WEIGHT_FILE} is of another size than this program reads.", "Choose another model folder."
            )
        self.embed_dim = self.anchors.shape[1]

    @property
    def num_parameters(self) -> int:
        """Learned numbers."""
        return self.weights.size + self.bias.size + self.rarity.size

    def evidence(self, text: str, context: Sequence[str] = ()) -> NDArray[np.float32]:
        """(num_emotions,) nats for each emotion, with mean 0."""
        numbers, values = weigh(text, context, self.rarity)
        logits = values @ self.weights[numbers] + self.bias
        return np.asarray(logits - logits.mean(), np.float32)

    def embed(self, text: str, context: Sequence[str] = ()) -> Vector:
        """(embed_dim,) unit vector of one utterance.

        Args:
            text: transcript.
            context: what was said before it, oldest first.
        """
        return place(self.evidence(text, context), text, self.anchors, self.complement)


def weigh(text: str, context: Sequence[str], rarity: NDArray[np.float32]) -> Sparse:
    """Bucket numbers and values of an utterance: counts by rarity, each block of length `BLOCK_WEIGHTS` ("marks" as they are).

    Args:
        rarity: (num_buckets,) inverse document frequencies; 0 leaves a bucket out.
    """
    all_numbers: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    all_values: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
    for block, counts in count_grams(text, context).items():
        numbers = np.fromiter(counts, np.int64, len(counts))
        values = np.fromiter(counts.values(), np.float32, len(counts))
        known = rarity[numbers] > 0
        numbers, values = numbers[known], values[known]
        if block != "marks":
            values = values * rarity[numbers]
            values /= max(float(np.linalg.norm(values)), 1e-6)
        all_numbers.append(numbers)
        all_values.append(np.asarray(values * BLOCK_WEIGHTS[block], np.float32))
    return np.concatenate(all_numbers), np.concatenate(all_values)


def place(
    evidence: NDArray[np.float32], text: str, anchors: NDArray[np.float32], complement: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Evidence and words to one unit vector; its cosine to anchor k grows with the evidence for emotion k.

    Args:
        evidence: (num_emotions,) with mean 0.
        text: gives the part at right angles to the anchors.
        anchors: (num_emotions, embed_dim) unit vectors with equal angles.
        complement: (n, embed_dim) orthonormal rows, at right angles to the anchors.
    """
    share = (len(anchors) - 1) / len(anchors)  # of anchors @ anchors.T on vectors with mean 0, inverted
    numbers = count_grams(text)["words"]
    said = np.zeros(len(complement), np.float32)
    for number, value in numbers.items():
        said[number % len(said)] += value * (1.0 if number & (1 << 17) else -1.0)
    if not said.any():
        said[0] = 1.0
    result = share * evidence @ anchors + EVIDENCE_SCALE * (said / np.linalg.norm(said)) @ complement
    return np.asarray(result / np.linalg.norm(result), np.float32)
