"""What a person is called in the window."""

from __future__ import annotations

from collections.abc import Mapping

SOMEONE_NEW = "Someone new"


def shown_name(person: str, names: Mapping[str, str]) -> str:
    """The name of a known person, "Someone new" beside known ones, else the number a face was given.

    >>> shown_name("p-00c0ffee", {"p-00c0ffee": "Mum"}), shown_name("person 1", {"p-00c0ffee": "Mum"}), shown_name("person 1", {})
    ('Mum', 'Someone new', 'Person 1')
    """
    if not person:
        return ""
    if person in names:
        return names[person]
    return SOMEONE_NEW if names or person.startswith("p-") else person[:1].upper() + person[1:]
