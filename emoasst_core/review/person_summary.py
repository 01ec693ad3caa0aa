"""What is known of each person's cues: how many answers, and how often a clear cue was right, with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from emoasst_core.datatypes import CueState, is_known_person
from emoasst_core.emotions import EMOTIONS
from emoasst_core.store.database import Database
from emoasst_core.store.utterances import answered_readings

FEW_CLEAR: Final = 20  # clear cues; with fewer, the interval may reach more than two tenths to either side
Z_95: Final = 1.959964  # of the normal distribution, two-sided 95 %


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """One person's figures; `person` is "" for everybody who is not known by name.

    Attributes:
        num_answers: utterances with an answer that names an emotion.
        num_clear: those of them that the model had read as clear.
        num_clear_right: those of them where it was right.
    """

    person: str
    num_answers: int = 0
    num_clear: int = 0
    num_clear_right: int = 0

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return wilson_interval(self.num_clear_right, self.num_clear)[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return wilson_interval(self.num_clear_right, self.num_clear)[1]

    def sentence(self) -> str:
        """In words, for the people page: the count, and what many more cues may show (the interval, in tenths)."""
        answers = f"{self.num_answers} answer{'' if self.num_answers == 1 else 's'}"
        if not self.num_clear:
            return f"{answers}; no clear cue among them yet."
        low, high = round(10 * self.low), round(10 * self.high)
        found = f"Clear cues right {self.num_clear_right} of {self.num_clear}, from {answers}."
        if low == high:
            return f"{found} Over many more cues it should stay about {low} of 10."
        luck = "With so few answers, some of this may be chance. " if self.num_clear < FEW_CLEAR else ""
        return f"{found} {luck}Over many more cues it could be as low as {low} or as high as {high} of 10."


def summarise_people(database: Database) -> tuple[PersonSummary, ...]:
    """Figures of everybody with an answer, from the stored readings and answers; the guess is the one made at the time."""
    counts: dict[str, list[int]] = {}
    for answered in answered_readings(database):
        if answered.label not in EMOTIONS:
            continue
        own = counts.setdefault(answered.person if is_known_person(answered.person) else "", [0, 0, 0])
        is_clear = answered.state is CueState.CLEAR and answered.emotion is not None
        own[0] += 1
        own[1] += is_clear
        own[2] += is_clear and answered.emotion == answered.label
    return tuple(PersonSummary(person, *counts[person]) for person in sorted(counts))


def wilson_interval(num_right: int, num_all: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): sensible for a handful of clips, and never outside 0 to 1.

    >>> tuple(round(end, 3) for end in wilson_interval(8, 10))
    (0.49, 0.943)
    """
    if not num_all:
        return 0.0, 1.0
    share, spread = num_right / num_all, Z_95**2 / num_all
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / num_all + spread / num_all / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)
