"""What an answered clip counts for: near-copies share one vote, and an answer the other clips speak against counts for less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoasst_core.datatypes import Modality, Shot
from emoasst_core.emotions import NUM_EMOTIONS

COPY_COSINE: Final = 1 - 1e-6  # the very same clip; float32 keys of one clip differ by less
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Stacked = Mapping[Modality, tuple[NDArray[np.int64], Array]]


def find_bursts(shots: Sequence[Shot], burst_cosine: float, keys: Stacked | None = None) -> tuple[Mask, Array]:
    """Which clips are one observation, and what each of them then counts for.

    Two clips of the same emotion are one observation where they are of the same event, or more alike than `burst_cosine` in
    everything both have. A clip given ten times over counts like one clip given once, exactly.

    Args:
        keys: of the shots as `stack_keys` gives them, where they are known already.

    Returns:
        (n, n) true where two clips are one observation (each is with itself), and (n,) weights.
    """
    labels = np.array([shot.label for shot in shots]).reshape(len(shots), NUM_EMOTIONS).argmax(1)
    events = np.unique([shot.event for shot in shots], return_inverse=True)[1]
    has_event = np.array([shot.event != "" for shot in shots], bool)
    stacked = stack_keys(shots) if keys is None else keys
    together, weights = np.eye(len(shots), dtype=bool), np.ones(len(shots))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        alike = _likeness(stacked, rows, len(shots))
        copies = (alike > COPY_COSINE) | np.eye(len(rows), dtype=bool)
        same_event = (events[rows][:, None] == events[rows]) & has_event[rows]
        own = same_event | (alike > burst_cosine) | copies
        share = 1 / copies.sum(1)
        together[np.ix_(rows, rows)] = own
        weights[rows] = share / (own @ share)
    return together, weights


def label_trust(prob: ArrayLike, error: ArrayLike) -> Array:
    """How likely an answer is meant as given: q = (1 - e) p / ((1 - e) p + e (1 - p) / (num_emotions - 1)).

    >>> label_trust([0.9, 0.01], [0.1, 0.1]).round(2).tolist()
    [1.0, 0.35]

    Args:
        prob: (n,) probability that the other clips give the answer.
        error: (n,) how often such an answer is wrong.
    """
    chance, wrong = np.asarray(prob, np.float64), np.asarray(error, np.float64)
    right = (1 - wrong) * chance
    result: Array = right / np.maximum(right + wrong * (1 - chance) / (NUM_EMOTIONS - 1), 1e-300)
    return np.where(wrong == 0, 1.0, result)


def stack_keys(shots: Sequence[Shot]) -> Stacked:
    """{modality: rows of the shots that have it, (k, d) their keys as unit vectors}."""
    stacked = {}
    for modality in Modality:
        rows = [row for row, shot in enumerate(shots) if modality in shot.keys]
        if rows:
            keys = np.array([shots[row].keys[modality] for row in rows], np.float64)
            stacked[modality] = np.array(rows), keys / np.linalg.norm(keys, axis=1, keepdims=True)
    return stacked


def _likeness(stacked: Stacked, chosen: NDArray[np.int64], num_shots: int) -> Array:
    """(k, k) smallest cosine of k chosen shots over the modalities that both have; -1 where they share none."""
    smallest = np.full((len(chosen), len(chosen)), np.inf)
    for rows, keys in stacked.values():
        place_of = np.full(num_shots, -1)
        place_of[rows] = np.arange(len(rows))
        places = place_of[chosen]
        there = np.flatnonzero(places >= 0)
        own = keys[places[there]]
        if len(there) == len(chosen):
            np.minimum(smallest, own @ own.T, out=smallest)
        elif len(there):
            both = np.ix_(there, there)
            smallest[both] = np.minimum(smallest[both], own @ own.T)
    return np.where(np.isinf(smallest), -1.0, smallest)
