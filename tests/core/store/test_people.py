from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from session_records import random_session, unit_vector

from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import get_session, save_session


@pytest.fixture
def people(database: Database) -> People:
    return People(database)


def test_people_are_listed_in_the_order_they_were_entered_with_ids_that_tell_nothing(people: People) -> None:
    entered = [people.add(name, role) for name, role in (("Ada", "child"), ("Grandma ☕", "adult"), ("Ben", "other"))]
    assert people.all() == entered
    assert all(person.person_id.startswith("p-") and len(person.person_id) == 10 for person in entered)
    assert people.names() == {person.person_id: person.name for person in entered}


def test_an_empty_name_an_unknown_role_person_or_agreement_is_refused(people: People) -> None:
    ada = people.add("Ada", "child")
    for refused in (
        lambda: people.add("  ", "adult"),
        lambda: people.add("Eve", "boss"),
        lambda: people.rename(ada.person_id, ""),
        lambda: people.rename("p-00000000", "Eve"),
        lambda: people.grant(ada.person_id, "everything"),
        lambda: people.grant("p-00000000", "live"),
        lambda: people.forget("p-00000000"),
    ):
        with pytest.raises(StoreError):
            refused()
    assert people.names() == {ada.person_id: "Ada"}


def test_the_three_agreements_are_separate_and_each_change_is_logged_once(people: People) -> None:
    ada = people.add("Ada", "adult").person_id
    assert people.consents(ada) == frozenset()
    for _ in range(2):
        people.grant(ada, "live")
    people.grant(ada, "clips")
    for _ in range(2):
        people.withdraw(ada, "live")
    assert people.consents(ada) == {"clips"}
    assert [(change.kind, change.action) for change in people.consent_log(ada)] == [
        ("live", "granted"),
        ("clips", "granted"),
        ("live", "withdrawn"),
    ]


def test_faces_come_back_bit_for_bit_and_only_for_the_encoder_that_made_them(people: People) -> None:
    rng = np.random.default_rng(0)
    ada, ben = (people.add(name, "adult").person_id for name in ("Ada", "Ben"))
    mine, his = unit_vector(rng), unit_vector(rng)
    people.add_face(ada, mine, "one", b"jpeg of Ada")
    people.add_face(ben, his, "one")
    people.add_face(ada, his, "another")
    (first, second) = people.faces("one")
    assert (first[0], second[0]) == (ada, ben)
    assert first[1].tobytes() == mine.tobytes()
    assert second[1].tobytes() == his.tobytes()
    assert (people.thumbnails(ada), people.thumbnails(ben)) == ([b"jpeg of Ada"], [])


def test_a_forgotten_person_is_in_no_table_but_by_the_bare_id_in_the_consent_log(database: Database, people: People) -> None:
    eve, ada = (people.add(name, "adult").person_id for name in ("Eve Canary", "Ada"))
    people.grant(eve, "live")
    people.add_face(eve, unit_vector(np.random.default_rng(0)), "one", b"jpeg of Eve")
    record = random_session(0, session_id="both", num_spans=40)
    utterances = tuple(
        dataclasses.replace(row, person=eve if row.number == 1 else ada, emotion="joy") for row in record.utterances
    )
    spans = tuple(
        dataclasses.replace(span, person=eve if number % 2 else ada) for number, span in enumerate(record.timeline.spans)
    )
    save_session(
        database,
        dataclasses.replace(record, utterances=utterances, timeline=dataclasses.replace(record.timeline, spans=spans)),
    )
    people.forget(eve)
    kept = get_session(database, "both")
    assert {row.person for row in kept.utterances} == {ada}
    assert {span.person for span in kept.timeline.spans} == {ada}
    assert people.names() == {ada: "Ada"}
    assert people.faces("one") == []
    tables = [row["name"] for row in database.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    holding = [table for table in tables if any(eve in map(str, row.values()) for row in database.rows(f"SELECT * FROM {table}"))]
    assert holding == ["consent_log"]
    assert people.consent_log(eve)[-1].action == "forgotten"
