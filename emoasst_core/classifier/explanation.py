"""Why a reading is what it is: the clips that spoke, and how far they were heard. Both memories answer in the same terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from emoasst_core.datatypes import Query


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a memory did to one reading.

    Attributes:
        share: how far the family's answers were used, from 0 to 1. Personal memory: pi, the share of the personal opinion. The
            paper's cache has no such number; for it, how far its logits set the emotions apart, beside how far the model's do.
        votes: (shot id, weight) of every clip that was heard, the loudest first; weights sum to 1. A weight is what the clip
            counts for times its affinity to the query.
        offset: how far this person lies from the people the model learned from, 1 for as far as people usually do; 0 where the
            memory does not look at it, or knows no clip.
    """

    share: float = 0.0
    votes: tuple[tuple[int, float], ...] = ()
    offset: float = 0.0


class Explains(Protocol):
    """A memory that can say which clips it heard."""

    def explain(self, query: Query, person: str = "") -> Explanation:
        """Why the memory says what it says of a query.

        Args:
            person: whose query it is; "" where nobody knows.
        """


def sorted_votes(weights: Mapping[int, float]) -> tuple[tuple[int, float], ...]:
    """(shot id, weight), the loudest first, summing to 1; those of no weight are left out.

    >>> sorted_votes({1: 1.0, 2: 3.0, 3: 0.0})
    ((2, 0.75), (1, 0.25))
    """
    total = sum(weights.values())
    heard = [(shot_id, weight / total) for shot_id, weight in weights.items() if weight > 0]
    return tuple(sorted(heard, key=lambda vote: -vote[1]))
