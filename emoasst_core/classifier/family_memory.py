"""The family's personal memories: one for each person who is known by name, and one for everybody else together."""

from __future__ import annotations

from copy import copy
from typing import Self

import numpy as np

from emoasst_core.classifier.explanation import Explanation
from emoasst_core.classifier.personal_memory import MemoryModel, PersonalMemory
from emoasst_core.classifier.shot_collection import ShotCollection
from emoasst_core.datatypes import Query, Shot, is_known_person

HOUSEHOLD = ""  # whose clips are those of nobody known


class FamilyMemory(ShotCollection):
    """The family's shots, kept apart by person.

    Args:
        encoder_hash: of the encoders in use.
        model: what all memories share.
    """

    def __init__(self, encoder_hash: str, model: MemoryModel) -> None:
        super().__init__(encoder_hash)
        self._model = model
        self._memories: dict[str, PersonalMemory | None] = {}

    def of(self, person: str) -> PersonalMemory | None:
        """The memory that answers for a person, or None where no clip does.

        Somebody known: their own clips, and those of nobody known at a lower weight, for they may be theirs. Anybody else: those
        of nobody known. A known person's clips are never used for another.
        """
        owner = person if is_known_person(person) else HOUSEHOLD
        if owner not in self._memories:
            shots = [shot for shot in self if owner_of(shot) in (owner, HOUSEHOLD)]
            household_weight = self._model.constants.household_weight if owner else 1.0
            weights = np.array([1.0 if owner_of(shot) == owner else household_weight for shot in shots])
            self._memories[owner] = PersonalMemory(self._model, shots, weights) if shots else None
        return self._memories[owner]

    def people(self) -> tuple[str, ...]:
        """Those who have clips; `HOUSEHOLD` for those of nobody known."""
        return tuple(dict.fromkeys(owner_of(shot) for shot in self))

    def explain(self, query: Query, person: str = "") -> Explanation:
        """See `Explains.explain`."""
        memory = self.of(person)
        return memory.explain(query) if memory is not None else Explanation()

    def doubtful(self) -> tuple[int, ...]:
        """Ids of the shots that disagree with the others of the same person."""
        found: list[int] = []
        for owner in self.people():
            memory = self.of(owner)
            own = {shot.shot_id for shot in self if owner_of(shot) == owner}
            found += [shot_id for shot_id in memory.doubtful() if shot_id in own] if memory else []
        return tuple(sorted(found))

    def _copied(self) -> Self:
        result = copy(self)
        result._shots, result._memories = dict(self._shots), dict(self._memories)
        return result

    def _changed(self, shot: Shot) -> None:
        if is_known_person(shot.person):
            self._memories.pop(shot.person, None)
        else:
            self._memories.clear()  # they count for everybody


def owner_of(shot: Shot) -> str:
    """Whose memory a shot is in: a known person's id, or `HOUSEHOLD`."""
    return shot.person if is_known_person(shot.person) else HOUSEHOLD
