"""Tells who is in view when that changes, and not at every picture in which a face was missed."""

from __future__ import annotations

from collections.abc import Sequence

LINGER_S = 1.0  # a face unseen for less has not left


class PeopleWatch:
    """Remembers who was seen lately."""

    def __init__(self) -> None:
        self._seen_s: dict[str, float] = {}
        self._told: tuple[str, ...] = ()

    def see(self, time_s: float, persons: Sequence[str]) -> tuple[str, ...] | None:
        """Take in who is in one analysed picture, nearest first; the people in view if they have changed, else None."""
        for person in persons:
            self._seen_s[person] = time_s
        lingering = [person for person, seen_s in self._seen_s.items() if time_s - seen_s <= LINGER_S and person not in persons]
        present = (*dict.fromkeys(persons), *lingering)
        if set(present) == set(self._told):
            return None
        self._told = present
        return present
