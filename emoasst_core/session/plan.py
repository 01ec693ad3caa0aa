"""What the people in the room agreed to: who may be read, and whether anything of it may be kept."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """The consent a session runs under. Frozen: a withdrawal makes a new plan.

    Attributes:
        people: `person_id`s of those who agreed to be read; empty for a session that asks nobody by name (a recording).
        keeps_recording: picture and sound may be kept.
        keeps_clips: short clips to ask about may be kept.
        withdrawn: `person_id`s that took their agreement back while the session ran.
    """

    people: tuple[str, ...] = ()
    keeps_recording: bool = False
    keeps_clips: bool = False
    withdrawn: tuple[str, ...] = ()

    @property
    def names_people(self) -> bool:
        """Whether only those named may be read; stays so when the last of them withdraws."""
        return bool(self.people or self.withdrawn)

    def allows(self, person: str) -> bool:
        """Whether cues may be shown about a person.

        Args:
            person: a `person_id`, or the tracker's "person 1" for a face that nobody knows.

        >>> SessionPlan(("p-00c0ffee",)).allows("person 1"), SessionPlan().allows("person 1")
        (False, True)
        """
        return person in self.people if self.names_people else True

    def without(self, person_id: str) -> SessionPlan:
        """The plan after that person took back what they agreed to: nothing more is kept, since they may be in any picture.

        >>> SessionPlan(("p-00c0ffee",), keeps_recording=True).without("p-00c0ffee")
        SessionPlan(people=(), keeps_recording=False, keeps_clips=False, withdrawn=('p-00c0ffee',))
        """
        if person_id in self.withdrawn:
            return self
        people = tuple(person for person in self.people if person != person_id)
        return replace(self, people=people, keeps_recording=False, keeps_clips=False, withdrawn=(*self.withdrawn, person_id))


EVERYBODY = SessionPlan()  # nobody is asked by name, and nothing is kept
