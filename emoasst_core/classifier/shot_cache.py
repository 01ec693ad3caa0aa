"""The family's shot cache: labelled clips that change the answers at once, without training."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Self

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.explanation import Explanation, sorted_votes
from emoasst_core.classifier.shot_collection import ShotCollection
from emoasst_core.classifier.tip_adapter import affinity, cache_logits
from emoasst_core.datatypes import Modality, Query, Shot
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ConfigError

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


class ShotCache(ShotCollection):
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
        super().__init__(encoder_hash)
        self.alphas = dict(alphas)
        self.beta = beta
        self._tables: dict[Modality, Table] = {}

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

    def explain(self, query: Query, person: str = "") -> Explanation:  # noqa: ARG002 - one cache for everybody
        """See `Explains.explain`; a shot's weight is the sum over modalities of alpha times its affinity, as in Eq. 3."""
        heard: dict[int, float] = {}
        for modality, embedding in query.embeddings.items():
            keys, _ = self._table(modality)
            shots = [shot for shot in self if modality in shot.keys]
            near = affinity(keys @ np.asarray(embedding, np.float64), self.beta) if len(keys) else np.zeros(0)
            for shot, value in zip(shots, near, strict=True):
                weight = self.alphas.get(modality, 0.0) * float(value)
                heard[shot.shot_id] = heard.get(shot.shot_id, 0.0) + weight
        return Explanation(votes=sorted_votes(heard))

    def _table(self, modality: Modality) -> Table:
        if modality not in self._tables:
            shots = [shot for shot in self._shots.values() if modality in shot.keys]
            keys = np.array([shot.keys[modality] for shot in shots], np.float64)
            self._tables[modality] = keys, np.array([shot.label for shot in shots], np.float64)
        return self._tables[modality]

    def _copied(self) -> Self:
        result = copy(self)
        result._shots, result._tables = dict(self._shots), dict(self._tables)
        return result

    def _changed(self, shot: Shot) -> None:  # noqa: ARG002 - the tables hold all shots
        self._tables.clear()
