"""The formulas of the personal memory for one modality: a person's offset, and the anchored vote of their clips.

    offset  u = sum_i w_i (f_i - m_{y_i}) / (lambda + sum_i w_i)            f' = (f - u) / |f - u|
    vote    z_c = head_c(f') + alpha n_c / (n_c + kappa) (V_c - A_c)        n_c = sum_i w_i y_ic
            V_c = sum_i w_i y_ic affinity(f' . f'_i) / n_c                  A_c = mean_j affinity(f' . a_cj)

m are the source's class means and a its exemplars. A mean instead of the cache's sum: more clips of one emotion do not make it
louder. V - A: what the model knew already counts for nothing. Without clips u = 0 and every vote is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.memory_constants import ModalityConstants
from emoasst_core.classifier.source_clips import SourceClips
from emoasst_core.classifier.tip_adapter import affinity
from emoasst_core.classifier.zero_shot import ZeroShotHead

SMALLEST = 1e-12
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clips:
    """Answered clips of one modality.

    Attributes:
        keys: (n, d) unit vectors.
        labels: (n, num_emotions), rows sum to 1.
        weights: (n,) what each counts for, 0 or more.
    """

    keys: Array
    labels: Array
    weights: Array


@dataclass(frozen=True, slots=True)
class PersonalReader:
    """Reads one modality with a person's clips.

    Attributes:
        head: the model's own reading.
        source: what it knows of each emotion.
        constants: how it remembers.
    """

    head: ZeroShotHead
    source: SourceClips
    constants: ModalityConstants

    def offsets(self, clips: Clips, left_out: NDArray[np.bool_] | None = None) -> Array:
        """(1, d) offset of the person; with `left_out` (q, n), (q, d): each without the clips marked in its row."""
        residuals = clips.weights[:, None] * (clips.keys - clips.labels @ self.source.means)
        total, count = residuals.sum(0, keepdims=True), clips.weights.sum()
        if left_out is not None:
            total, count = total - left_out @ residuals, (count - left_out @ clips.weights)[:, None]
        result: Array = total / (self.constants.offset_prior + count)
        return result

    def affinities(self, queries: Array, offsets: Array, keys: Array) -> tuple[Array, Array]:
        """Centred queries (q, d), and how near each is to each key centred alike (q, n).

        With an offset per query the keys are centred q times over; expanded, that needs three products and no (q, n, d) array.
        """
        centred = _unit(queries - offsets)
        along = centred @ keys.T - (centred * offsets).sum(1, keepdims=True)
        lengths = 1 - 2 * offsets @ keys.T + (offsets**2).sum(1, keepdims=True)  # keys are unit vectors
        cosines = along / np.sqrt(np.maximum(lengths, SMALLEST))
        return centred, affinity(np.minimum(cosines, 1.0), self.constants.beta)

    def logits(self, queries: Array, clips: Clips, left_out: NDArray[np.bool_] | None = None) -> Array:
        """(q, d) -> (q, num_emotions); with `left_out` (q, n), each as if the clips marked in its row were not there."""
        centred, near = self.affinities(queries, self.offsets(clips, left_out), clips.keys)
        result: Array = self.head.logits(centred)
        weights = clips.weights[None] if left_out is None else clips.weights[None] * ~left_out
        counts = weights @ clips.labels
        votes = (near * weights) @ clips.labels / np.maximum(counts, SMALLEST)
        known = affinity(np.einsum("qd,ckd->qck", centred, self.source.exemplars, optimize=True), self.constants.beta).mean(2)
        result += self.constants.alpha * counts / (counts + self.constants.vote_prior) * (votes - known)
        return result


def _unit(vectors: Array) -> Array:
    result: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), SMALLEST)
    return result
