"""The joint classifier: prompts and shots together, by the paper's cache (EmoAsst, Eq. 2-4) or by personal memories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.explanation import Explanation
from emoasst_core.classifier.family_memory import FamilyMemory
from emoasst_core.classifier.shot_cache import ShotCache
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality, Query, Vector
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ModelError


class JointClassifier:
    """Zero-shot heads plus the family's shots.

        logits = sum over m of r_m (s_m f_m . W^T + bias_m)  +  sum over m of alpha_m affinity(f_m . K_m^T) . L

    over the modalities m that the query has; r are its reliabilities, which sum to 1. With equal ones, the first part is
    the mean of Eq. 2. The second is Eq. 3, and is not there without a cache. Personal memories add nothing to the logits; they
    are a second opinion, mixed in as probabilities.

    Args:
        heads: one per modality.
        cache: the family's shots for the paper's formula, or None.
        memory: the family's shots as personal memories, or None.
    """

    def __init__(
        self, heads: Mapping[Modality, ZeroShotHead], cache: ShotCache | None = None, memory: FamilyMemory | None = None
    ) -> None:
        self.heads = dict(heads)
        self.cache, self.memory = cache, memory

    def logits(self, query: Query) -> NDArray[np.float64]:
        """(num_emotions,) of one query.

        Raises:
            ModelError: the query has a modality without a head, or vectors of another size.
            CacheError: the query's vectors are of another size than the cache keys.
        """
        total = self.model_logits(query)
        return total if self.cache is None else total + self.cache.logits(query)

    def model_logits(self, query: Query) -> NDArray[np.float64]:
        """(num_emotions,) of one query by the heads alone, as if the family had answered nothing.

        Raises:
            ModelError: as `logits`.
        """
        total = np.zeros(NUM_EMOTIONS)
        for modality, embedding in query.embeddings.items():
            if modality not in self.heads:
                raise ModelError(f"This model cannot read the {modality.value}.", "Choose another profile.")
            total += query.reliabilities[modality] * self.heads[modality].logits(embedding)
        return total

    def probs(self, query: Query, calibration: Calibration, person: str = "") -> Vector:
        """(num_emotions,) calibrated probabilities of one query.

        Args:
            person: whose memory to ask; "" where nobody knows who it is.

        Raises:
            ModelError, CacheError: as `logits`.
        """
        probs = calibration.predict(self.logits(query), query.embeddings.keys())
        memory = self.memory.of(person) if self.memory is not None else None
        return probs if memory is None else memory.probs(query, probs)

    def explain(self, query: Query, person: str = "") -> Explanation:
        """Which clips were heard about a query, and how far, by whichever memory is in use.

        Args:
            person: as `probs`.
        """
        heard = self.memory.explain(query, person) if self.memory is not None else Explanation()
        if heard.votes or self.cache is None or not len(self.cache):
            return heard
        ours, theirs = np.ptp(self.cache.logits(query)), np.ptp(self.model_logits(query))
        share = float(ours / (ours + theirs)) if ours > 0 else 0.0
        return replace(self.cache.explain(query, person), share=share)
