"""The people of the family, read and changed on the background thread; the window only asks and is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.background import Background
from app.set_up_plan import CHILD, CONSENTS, LIVE, Present
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.person_summary import summarise_people
from emoasst_core.store.database import Database
from emoasst_core.store.people import People, Person


@dataclass(frozen=True, slots=True)
class Entry:
    """One person with what a page shows of them.

    Attributes:
        consents: what this person agreed to last.
        thumbnails: pictures this person is recognised by, as JPEG, newest first.
    """

    person: Person
    consents: frozenset[str]
    thumbnails: tuple[bytes, ...]


def read_people(path: Path) -> list[Entry]:
    """Everybody; nobody where there is no database yet."""
    if not path.exists():
        return []
    with Database(path) as database:
        people = People(database)
        return [
            Entry(person, people.consents(person.person_id), tuple(people.thumbnails(person.person_id)))
            for person in people.all()
        ]


def read_figures(path: Path) -> dict[str, str]:
    """{person_id: how many answers, and how often a clear cue was right}."""
    if not path.exists():
        return {}
    with Database(path) as database:
        return {one.person: one.sentence() for one in summarise_people(database)}


def keep_present(path: Path, present: Sequence[Present]) -> list[Present]:
    """Enter those who are new and note what everybody here agreed to today.

    Returns:
        The same people, each with an id.
    """
    kept: list[Present] = []
    with Database(path) as database:
        people = People(database)
        for one in present:
            person_id = one.person_id or people.add(one.name, one.role).person_id
            agree(people, person_id, one.role, one.consents)
            kept.append(Present(person_id, one.name, one.role, one.consents))
    return kept


def agree(people: People, person_id: str, role: str, kinds: Iterable[str]) -> None:
    """Make exactly these the agreements of one person; the child is never read, whatever is asked for."""
    wanted = frozenset(kinds) - (frozenset({LIVE}) if role == CHILD else frozenset())
    had = people.consents(person_id)
    for kind in CONSENTS:
        if kind in wanted and kind not in had:
            people.grant(person_id, kind)
        elif kind in had and kind not in wanted:
            people.withdraw(person_id, kind)


class PeopleBook:
    """Jobs on the people of one database.

    Args:
        background: where the jobs are done.
        path: the database.

    Attributes:
        names: {person_id: name} as read last.
    """

    def __init__(self, background: Background, path: Path) -> None:
        self._background = background
        self._path = path
        self.names: dict[str, str] = {}

    def read(self, on_done: Callable[[list[Entry]], None], on_failed: Callable[[EmoAsstError], None]) -> None:
        """Ask for everybody."""

        def take(entries: list[Entry]) -> None:
            self.names = {entry.person.person_id: entry.person.name for entry in entries}
            on_done(entries)

        self._background.run(lambda: read_people(self._path), take, on_failed)

    def read_with_figures(
        self, on_done: Callable[[tuple[list[Entry], dict[str, str]]], None], on_failed: Callable[[EmoAsstError], None]
    ) -> None:
        """Ask for everybody, and {person_id: a sentence} about their answers."""

        def take(found: tuple[list[Entry], dict[str, str]]) -> None:
            self.names = {entry.person.person_id: entry.person.name for entry in found[0]}
            on_done(found)

        self._background.run(lambda: (read_people(self._path), read_figures(self._path)), take, on_failed)

    def keep_present(
        self,
        present: Sequence[Present],
        on_done: Callable[[list[Present]], None],
        on_failed: Callable[[EmoAsstError], None],
    ) -> None:
        """Enter who is here today."""

        def take(kept: list[Present]) -> None:
            self.names |= {one.person_id: one.name for one in kept}
            on_done(kept)

        self._background.run(lambda: keep_present(self._path, present), take, on_failed)

    def withdraw_all(self, person_id: str, on_failed: Callable[[EmoAsstError], None]) -> None:
        """Note that somebody takes every agreement back."""

        def job(people: People) -> None:
            for kind in CONSENTS:
                people.withdraw(person_id, kind)

        self.change(job, lambda _done: None, on_failed)

    def change(
        self,
        job: Callable[[People], Any],
        on_done: Callable[[Any], None],
        on_failed: Callable[[EmoAsstError], None],
    ) -> None:
        """Do something to the people."""

        def run() -> Any:
            with Database(self._path) as database:
                return job(People(database))

        self._background.run(run, on_done, on_failed)
