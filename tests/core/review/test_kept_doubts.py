"""A doubtful answer that was kept is asked about again only when something about it or near it changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import Modality, Shot
from emoasst_core.review.doubtful_clips import doubtful_clips, keep_second_look
from emoasst_core.review.kept_doubts import NUM_NEIGHBOURS, keep_amid, still_doubtful
from emoasst_core.review.relabel import relabel
from emoasst_core.store import schema
from emoasst_core.store.database import Database
from emoasst_core.store.kept_shots import kept_marks
from emoasst_core.store.migrations.kept_shots import KEPT_SHOTS
from emoasst_core.store.shots import add_shot, find_record, hold_back, list_shots, remove_shot, rollback
from tests.core.classifier.remembered_people import DAD, MUM, make_shot

PLACE, HASH = ("evening", 1), "hash-a"


def towards(first: float, axis: int, label: int = 0, person: str = MUM) -> Shot:
    """A shot whose cosine to the first axis is given."""
    key = np.zeros(32)
    key[0], key[axis] = first, np.sqrt(1 - first**2)
    return make_shot(0, label, {Modality.FACE: key}, person)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """One shot, of which the other clips say "anger", six clips that are less and less like it, and one of somebody else."""
    opened = Database(tmp_path / "emoasst.sqlite")
    add_shot(opened, towards(1.0, 1), *PLACE, "Anna")
    for place in range(NUM_NEIGHBOURS + 1):
        add_shot(opened, towards(0.9 - 0.1 * place, 2 + place, 3), "evening", 2 + place, "Anna")
    add_shot(opened, towards(0.95, 20, 3, DAD), "evening", 20, "Anna")
    keep_amid(opened, PLACE, HASH, "anger")
    return opened


def is_asked(database: Database, others: str = "anger") -> bool:
    record = find_record(database, *PLACE, HASH)
    assert record is not None
    return record.shot.shot_id in still_doubtful(database, {record.shot.shot_id: others})


def test_a_kept_clip_is_not_asked_about_again_though_far_clips_and_other_people_get_answers(database: Database) -> None:
    assert not is_asked(database)
    add_shot(database, towards(0.1, 21), "later", 1, "Anna")
    add_shot(database, towards(0.99, 22, 3, DAD), "later", 2, "Anna")
    add_shot(database, towards(0.4, NUM_NEIGHBOURS + 2, 5), "evening", NUM_NEIGHBOURS + 2, "Anna")  # the sixth nearest
    assert not is_asked(database)


def test_the_same_answer_given_once_more_to_a_near_clip_changes_nothing(database: Database) -> None:
    again = add_shot(database, towards(0.9, 2, 3), "evening", 2, "Anna", told_by="face")
    assert again.shot_id > 8  # a new row
    assert not is_asked(database)


@pytest.mark.parametrize(
    "change", ["another emotion", "near clip comes", "near clip goes", "near clip changes", "held", "taken back"]
)
def test_it_is_asked_about_again_when_something_near_it_changes(database: Database, change: str) -> None:
    near = find_record(database, "evening", 2, HASH)
    assert near is not None
    if change == "near clip comes":
        add_shot(database, towards(0.97, 22, 3), "later", 1, "Anna")
    elif change == "near clip goes":
        remove_shot(database, near.shot.shot_id)
    elif change == "near clip changes":
        add_shot(database, towards(0.9, 2, 4), "evening", 2, "Anna")
    elif change == "held":
        hold_back(database, [near.shot.shot_id])
    elif change == "taken back":
        keep_amid(database, PLACE, HASH, None)
    assert is_asked(database, "fear" if change == "another emotion" else "anger")


def test_another_answer_is_a_new_shot_that_nobody_kept_and_undo_brings_the_mark_back(database: Database) -> None:
    add_shot(database, towards(1.0, 1, 6), *PLACE, "Anna")
    assert is_asked(database)
    rollback(database)
    assert not is_asked(database)


def test_the_second_look_marks_the_same_answer_and_undo_takes_the_mark_back(tmp_path: Path, record) -> None:  # type: ignore[no-untyped-def]
    from emoasst_core.store.sessions import save_session

    with Database(tmp_path / "second.sqlite") as database:
        save_session(database, record)
        shot = relabel(database, "evening", 1, "joy", "Anna")
        (found,) = doubtful_clips(database, {shot.shot_id: "sadness"})
        keep_second_look(database, found, replace(found.said, told_by="face"))
        (kept,) = kept_marks(database)
        assert still_doubtful(database, {kept: "sadness"}) == {}
        keep_second_look(database, found, found.said)
        assert kept_marks(database) == {}
        keep_second_look(database, found, replace(found.said, answer="sadness"))
        assert kept_marks(database) == {}


def test_a_database_from_before_opens_and_none_of_its_shots_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, present = tmp_path / "emoasst.sqlite", schema.MIGRATIONS
    before = present.index(KEPT_SHOTS)
    monkeypatch.setattr(schema, "MIGRATIONS", present[:before])
    with Database(path) as database:
        add_shot(database, towards(1.0, 1), *PLACE, "Anna")
    monkeypatch.setattr(schema, "MIGRATIONS", present)
    with Database(path) as database:
        assert len(list_shots(database)) == 1
        assert kept_marks(database) == {}
        keep_amid(database, PLACE, HASH, "anger")
        assert not is_asked(database)
    assert path.with_name(f"emoasst.version{before}.sqlite").exists()
