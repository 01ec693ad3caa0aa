"""From the embeddings of what was there to one query. Absent modalities are dealt with here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from emoasst_core.datatypes import Modality, Query, Vector
from emoasst_core.errors import ConfigError, ModelError


def fuse(embeddings: Mapping[Modality, Vector], reliabilities: Mapping[Modality, float]) -> Query:
    """Keep what is present and trusted, and share the trust out anew.

    An absent modality has no entry; it is left out, never filled with zeros. One without a reliability, or with 0, is not used.

    Args:
        embeddings: {modality: (embed_dim,)}, made unit vectors here.
        reliabilities: {modality: weight, 0 or more}, of any sum; those of absent modalities do not matter.

    Raises:
        ConfigError: a reliability is negative or no number.
        ModelError: nothing usable is present, or an embedding has no direction (zeros, infinite, not a number).
    """
    for modality, weight in reliabilities.items():
        if not 0 <= weight < np.inf:
            raise ConfigError(f"The reliability of {modality.value} must be 0 or more, got {weight}.")
    present = [modality for modality in Modality if modality in embeddings and reliabilities.get(modality, 0.0) > 0]
    if not present:
        given = ", ".join(modality.value for modality in embeddings) or "nothing"
        raise ModelError(f"There is nothing to compare: {given} was given, and none of it can be used.")
    total = sum(reliabilities[modality] for modality in present)
    return Query(
        {modality: _unit(embeddings[modality], modality) for modality in present},
        {modality: reliabilities[modality] / total for modality in present},
    )


def _unit(embedding: Vector, modality: Modality) -> Vector:
    vector = np.asarray(embedding, np.float64)
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not 0 < length < np.inf:
        raise ModelError(f"The {modality.value} embedding of shape {vector.shape} has no direction.")
    return (vector / length).astype(np.float32)
