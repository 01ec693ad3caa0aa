"""Whether a reading is like any clip that the family has answered.

Each of a person's clips has a nearest other clip. How near it is for all but the tenth of their clips that stand most apart, is
the person's limit. A reading that is less like every clip than this is of a kind that nobody has spoken about yet, and is not
to be named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Shot, Vector, is_known_person

LEAST_SHOTS: Final = 8  # of fewer clips a tenth is no number: the rule is off for that person
STRANGE_SHARE: Final = 0.10


class Familiarity:
    """The limits of every person who has answered clips enough.

    Args:
        shots: the family's answered clips; those of people nobody knows by name set no limit.
    """

    def __init__(self, shots: Sequence[Shot] = ()) -> None:
        self._keys: dict[Modality, NDArray[np.float32]] = {}
        self._limits: dict[tuple[str, Modality], float] = {}
        for modality in Modality:
            having = [shot for shot in shots if modality in shot.keys]
            if len(having) < LEAST_SHOTS:
                continue
            keys = np.stack([shot.keys[modality] for shot in having])
            self._keys[modality] = keys
            nearest = _nearest_others(keys)
            for person in {shot.person for shot in having if is_known_person(shot.person)}:
                own = np.array([shot.person == person for shot in having])
                if own.sum() >= LEAST_SHOTS:
                    self._limits[person, modality] = float(np.quantile(nearest[own], STRANGE_SHARE))

    def is_strange(self, embeddings: Mapping[Modality, Vector], person: str) -> bool:
        """Whether every modality that can be compared is less like the clips than nine tenths of that person's own are.

        Args:
            embeddings: {modality: (embed_dim,) unit vector} of a reading.
            person: whose it is; False for one with fewer than `LEAST_SHOTS` clips.
        """
        return self.lack(embeddings, person) > 0

    def lack(self, embeddings: Mapping[Modality, Vector], person: str) -> float:
        """By how much of a cosine a strange reading is less alike, in the modality that lacks least; 0 for one that is not."""
        compared = [modality for modality in embeddings if (person, modality) in self._limits]
        lacks = [
            self._limits[person, modality] - float((self._keys[modality] @ embeddings[modality]).max()) for modality in compared
        ]
        return max(0.0, min(lacks, default=0.0))


def _nearest_others(keys: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, embed_dim) -> (n,) the cosine of each to the likest of the others."""
    alike = np.asarray(keys @ keys.T, np.float32)
    np.fill_diagonal(alike, -1.0)
    return np.asarray(alike.max(axis=1), np.float32)
