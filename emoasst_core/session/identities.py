"""Who the tracked faces are, and who of them may be read: the family's pictures, their roles, and the plan."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Vector
from emoasst_core.faces.appearance import FaceGallery, embed_appearance
from emoasst_core.session.plan import EVERYBODY, SessionPlan

CHILD = "child"
NUM_LOOKS, NUM_AGREEING = 5, 3  # a face is named after 3 of its last 5 looks agree, and a stranger's after 5 that do not
LOOK_AGAIN_S = 1.0  # once decided; tracks may change hands where two people pass each other
LOOK_EVERY_S = 0.09  # before


@dataclass(slots=True)
class _Look:
    """What was seen of one track."""

    found: deque[str] = field(default_factory=lambda: deque(maxlen=NUM_LOOKS))
    looked_s: float = -1e9
    person_id: str = ""

    @property
    def is_decided(self) -> bool:
        """Whether it is known who this is, or that nobody knows."""
        return bool(self.person_id) or len(self.found) == NUM_LOOKS


class Identities:
    """Names the tracks of one session.

    Args:
        pictures: (person_id, embedding) of every consented picture.
        roles: {person_id: "child" | "adult" | "other"}.
    """

    def __init__(self, pictures: Sequence[tuple[str, Vector]] = (), roles: Mapping[str, str] | None = None) -> None:
        self._gallery = FaceGallery(pictures)
        self._roles = dict(roles or {})
        self._looks: dict[str, _Look] = {}
        self.plan: SessionPlan = EVERYBODY

    def name(self, track: str, crop: NDArray[np.uint8], time_s: float) -> str:
        """The `person_id` of a track where it is known by now, else the track itself."""
        if not self._gallery.persons:
            return track
        look = self._looks.setdefault(track, _Look())
        if time_s - look.looked_s >= (LOOK_AGAIN_S if look.is_decided else LOOK_EVERY_S):
            look.looked_s = time_s
            person, _ = self._gallery.best(embed_appearance(crop))
            look.found.append(person)
            agreeing = max(set(look.found), key=look.found.count)
            if look.found.count(agreeing) >= NUM_AGREEING:
                look.person_id = agreeing
        return look.person_id or track

    def is_child(self, person: str) -> bool:
        """The enrolled child, who is never analysed."""
        return self._roles.get(person) == CHILD

    def may_read(self, track: str, person: str) -> bool:
        """Whether feelings may be looked for in that face.

        Where the plan names people of whom none has a picture yet, nobody can be told apart: since all of them agreed, every
        face is read, until somebody withdraws.
        """
        if self.is_child(person):
            return False
        if not self._gallery.persons:
            return not self.plan.withdrawn
        if self._waits_for_child(track, person):
            return False
        known = [one for one in self.plan.people if one in self._gallery.persons]
        return self.plan.allows(person) if known or self.plan.withdrawn else True

    def _waits_for_child(self, track: str, person: str) -> bool:
        """A face not yet decided might be the child's."""
        has_child = any(self.is_child(one) for one in self._gallery.persons)
        look = self._looks.get(track)
        return has_child and person == track and not (look is not None and look.is_decided)
