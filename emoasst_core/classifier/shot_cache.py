"""The family's shot cache: labelled clips that change the answers at once, without training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.tip_adapter import cache_logits
from emoasst_core.datatypes import Modality, Query, Shot
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import CacheError, ConfigError

TOLERANCE = 1e-3  # how far a stored float32 label may be from summing to 1, and a key from length 1

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


class ShotCache:
    """Shots of one encoder, as keys and values per modality.

    Args:
        encoder_hash: of the encoders in use; shots made by others are refused, their keys mean something else.
        alphas: {modality: how loud its shots are}, Eq. 3; a modality without an entry is not cached.
        beta: sharpness, one for all modalities, Eq. 4.

    Raises:
        ConfigError: a negative alpha, or a beta that is not positive.
    """

    def __init__(self, encoder_hash: str, alphas: Mapping[Modality, float], beta: float) -> None:
        for modality, alpha in alphas.items():
            if not 0 <= alpha < np.inf:
                raise ConfigError(f"alpha of {modality.value} must be 0 or more, got {alpha}.")
        if not 0 < beta < np.inf:
            raise ConfigError(f"beta must be more than 0, got {beta}.")
        self.encoder_hash = encoder_hash
        self.alphas = dict(alphas)
        self.beta = beta
        self._shots: dict[int, Shot] = {}
        self._tables: dict[Modality, Table] = {}

    def __len__(self) -> int:
        return len(self._shots)

    def __iter__(self) -> Iterator[Shot]:
        return iter(self._shots.values())

    def add(self, shot: Shot) -> None:
        """Let a shot count from the next query on.

        Raises:
            CacheError: it was made by other encoders, its id is taken, or its label or a key is no such thing.
        """
        if shot.encoder_hash != self.encoder_hash:
            raise CacheError(
                f"Shot {shot.shot_id} was made with another model and cannot be compared with this one.",
                "Analyse its recording again with the current model, or go back to the model it was made with.",
            )
        if shot.shot_id in self._shots:
            raise CacheError(f"There already is a shot {shot.shot_id} in the cache.", "Remove it first.")
        self._check(shot)
        self._shots[shot.shot_id] = shot
        self._tables.clear()

    def remove(self, shot_id: int) -> None:
        """Forget a shot: the logits are again what they were without it.

        Raises:
            CacheError: there is no such shot.
        """
        if self._shots.pop(shot_id, None) is None:
            raise CacheError(f"There is no shot {shot_id} in the cache.", "See `emoasst cache list` for those there are.")
        self._tables.clear()

    def logits(self, query: Query) -> NDArray[np.float64]:
        """What the shots add to the answer, Eq. 3: the sum over the query's modalities of alpha times the cache logits.

        Returns:
            (num_emotions,), zeros for an empty cache. A shot without a modality says nothing about it.

        Raises:
            CacheError: the query's vectors are of another size than the keys.
        """
        total = np.zeros(NUM_EMOTIONS)
        for modality, embedding in query.embeddings.items():
            keys, values = self._table(modality)
            if len(keys):
                total += self.alphas.get(modality, 0.0) * cache_logits(embedding, keys, values, self.beta)
        return total

    def _table(self, modality: Modality) -> Table:
        if modality not in self._tables:
            shots = [shot for shot in self._shots.values() if modality in shot.keys]
            keys = np.array([shot.keys[modality] for shot in shots], np.float64)
            self._tables[modality] = keys, np.array([shot.label for shot in shots], np.float64)
        return self._tables[modality]

    def _check(self, shot: Shot) -> None:
        label = np.asarray(shot.label)
        if label.shape != (NUM_EMOTIONS,) or not np.all(label >= 0) or not abs(float(label.sum()) - 1) <= TOLERANCE:
            raise CacheError(f"The label of shot {shot.shot_id} is no distribution over the {NUM_EMOTIONS} emotions.")
        if not shot.keys:
            raise CacheError(f"Shot {shot.shot_id} has no keys: nothing of it was seen, heard or read.")
        for modality, key in shot.keys.items():
            if np.ndim(key) != 1 or not abs(float(np.linalg.norm(key)) - 1) <= TOLERANCE:
                raise CacheError(f"The {modality.value} key of shot {shot.shot_id} is no unit vector.")
            others = next((other.keys[modality] for other in self if modality in other.keys), key)
            if len(key) != len(others):
                raise CacheError(f"The {modality.value} key of shot {shot.shot_id} has {len(key)} numbers, not {len(others)}.")
