from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from session_records import random_session, unit_vector

from emoasst_core.datatypes import Modality, Shot
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.errors import CacheError
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import delete_session, save_session
from emoasst_core.store.shot_export import export_shots
from emoasst_core.store.shots import (
    NUM_VERSIONS_KEPT,
    add_shot,
    current_version,
    earlier_versions,
    hold_back,
    list_shots,
    release,
    remove_shot,
    rollback,
    shots_for,
)


def shot_of(seed: int, encoder_hash: str = "a" * 64) -> Shot:
    rng = np.random.default_rng(seed)
    label = rng.dirichlet(np.ones(NUM_EMOTIONS)).astype(np.float32)
    keys = {modality: unit_vector(rng, 512) for modality in list(Modality)[: 1 + seed % 3]}
    return Shot(label, keys, encoder_hash, person=f"person {seed % 2}")


def exported_bytes(database: Database) -> bytes:
    return json.dumps(export_shots(database)).encode()


def row_bytes(database: Database) -> list[object]:
    """Every column of every row of the cache in force, as SQLite holds it."""
    members = "(SELECT shot_id FROM cache_members WHERE version = (SELECT max(version) FROM cache_versions))"
    return [
        database.rows(f"SELECT * FROM shots WHERE shot_id IN {members} ORDER BY shot_id"),
        database.rows(f"SELECT * FROM shot_keys WHERE shot_id IN {members} ORDER BY shot_id, modality"),
    ]


def test_a_shot_comes_back_bit_for_bit_with_its_provenance(database: Database) -> None:
    shot = shot_of(2)
    added = add_shot(database, shot, "session", 7, "parent")
    (record,) = list_shots(database)
    assert (record.session_id, record.utterance_number, record.labeller) == ("session", 7, "parent")
    assert record.shot.shot_id == added.shot_id > 0
    assert (record.shot.encoder_hash, record.shot.person) == (shot.encoder_hash, shot.person)
    assert record.shot.label.tobytes() == shot.label.tobytes()
    assert {modality: key.tobytes() for modality, key in record.shot.keys.items()} == {
        modality: key.tobytes() for modality, key in shot.keys.items()
    }


def test_shots_survive_closing_the_file(path: Path) -> None:
    with Database(path) as database:
        add_shot(database, shot_of(0), "session", 1)
        before = exported_bytes(database)
    with Database(path) as database:
        assert exported_bytes(database) == before


def test_another_answer_for_the_same_utterance_replaces_the_first(database: Database) -> None:
    add_shot(database, shot_of(0), "session", 1)
    add_shot(database, shot_of(1), "session", 2)
    second = add_shot(database, shot_of(5), "session", 1)
    assert [(record.shot.shot_id, record.utterance_number) for record in list_shots(database)] == [(2, 2), (second.shot_id, 1)]
    assert list_shots(database)[1].shot.label.tobytes() == shot_of(5).label.tobytes()


def test_shots_of_another_encoder_are_kept_apart(database: Database) -> None:
    add_shot(database, shot_of(0, "old"), "session", 1)
    add_shot(database, shot_of(0, "new"), "session", 1)
    assert len(list_shots(database)) == 2
    assert [shot.encoder_hash for shot in shots_for(database, "new")] == ["new"]
    assert shots_for(database, "unheard of") == []


def test_adding_then_removing_restores_the_cache_exactly(database: Database) -> None:
    for number in range(1, 4):
        add_shot(database, shot_of(number), "session", number)
    before = exported_bytes(database), row_bytes(database)
    added = add_shot(database, shot_of(9), "session", 9)
    assert (exported_bytes(database), row_bytes(database)) != before
    removed = remove_shot(database, added.shot_id)
    assert removed.utterance_number == 9
    assert (exported_bytes(database), row_bytes(database)) == before


def test_rollback_restores_every_earlier_state_byte_for_byte(database: Database) -> None:
    states = [(exported_bytes(database), row_bytes(database))]
    changes = [
        lambda: add_shot(database, shot_of(1), "session", 1),
        lambda: add_shot(database, shot_of(2), "session", 2),
        lambda: add_shot(database, shot_of(3), "session", 1),  # replaces the first
        lambda: remove_shot(database, 2),
        lambda: add_shot(database, shot_of(4), "other", 1),
    ]
    for change in changes:
        change()
        states.append((exported_bytes(database), row_bytes(database)))
    for state in reversed(states[:-1]):
        version = rollback(database)
        assert (exported_bytes(database), row_bytes(database)) == state
        assert version == current_version(database)
        assert version.num_shots == len(list_shots(database))
    with pytest.raises(CacheError, match="no earlier version"):
        rollback(database)


def test_the_last_five_versions_are_kept_and_older_shots_are_gone_from_the_file(database: Database) -> None:
    add_shot(database, shot_of(0), "session", 1)
    remove_shot(database, 1)
    for number in range(2, 2 + NUM_VERSIONS_KEPT):
        add_shot(database, shot_of(number), "session", number)
    assert NUM_VERSIONS_KEPT == 5
    assert [version.num_shots for version in earlier_versions(database)] == [4, 3, 2, 1, 0]
    assert current_version(database).num_shots == 5
    assert database.rows("SELECT shot_id FROM shots WHERE shot_id = 1") == []
    assert database.rows("SELECT shot_id FROM shot_keys WHERE shot_id = 1") == []


def test_a_version_says_what_made_it(database: Database) -> None:
    label = np.eye(NUM_EMOTIONS, dtype=np.float32)[EMOTIONS.index("fear")]
    add_shot(database, dataclasses.replace(shot_of(0), label=label), "20250131-174502-3fa9", 4)
    remove_shot(database, 1)
    assert [version.change for version in earlier_versions(database)] == [
        "fear for utterance 4 of 20250131-174502-3fa9",
        "empty cache",
    ]
    assert current_version(database).change == "removed shot 1"


def test_the_id_of_a_removed_shot_is_never_given_again(database: Database) -> None:
    first = add_shot(database, shot_of(0), "session", 1)
    rollback(database)
    assert add_shot(database, shot_of(1), "session", 1).shot_id > first.shot_id


def test_removing_a_shot_that_is_not_there_changes_nothing(database: Database) -> None:
    add_shot(database, shot_of(0), "session", 1)
    remove_shot(database, 1)
    before = current_version(database)
    with pytest.raises(CacheError, match="There is no shot 1 in the cache"):
        remove_shot(database, 1)
    assert current_version(database) == before


def test_a_shot_outlives_its_session(database: Database) -> None:
    save_session(database, random_session(0, session_id="session"))
    add_shot(database, shot_of(0), "session", 1)
    before = exported_bytes(database)
    delete_session(database, "session")
    assert exported_bytes(database) == before


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("label", np.ones(NUM_EMOTIONS, np.float32), "shares that sum to 1"),
        ("label", np.array([1.0], np.float32), "shares that sum to 1"),
        ("label", np.array([2, -1, 0, 0, 0, 0, 0], np.float32), "shares that sum to 1"),
        ("label", np.full(NUM_EMOTIONS, np.nan, np.float32), "shares that sum to 1"),
        ("keys", {}, "this one has none"),
        ("keys", {Modality.FACE: np.ones(8, np.float32)}, "face key of a shot must be a unit vector"),
        ("keys", {Modality.VOICE: np.full(8, np.nan, np.float32)}, "voice key of a shot must be a unit vector"),
        ("keys", {Modality.WORDS: np.zeros(8, np.float32)}, "words key of a shot must be a unit vector"),
    ],
)
def test_a_shot_that_would_spoil_the_cache_is_refused(database: Database, field: str, value: object, message: str) -> None:
    with pytest.raises(CacheError, match=message):
        add_shot(database, dataclasses.replace(shot_of(0), **{field: value}), "session", 1)
    assert list_shots(database) == []
    assert earlier_versions(database) == []


def test_the_export_holds_everything_needed_to_rebuild_the_keys(database: Database) -> None:
    shot = shot_of(2)
    add_shot(database, shot, "session", 7, "parent")
    exported = json.loads(exported_bytes(database))
    assert exported["emotions"] == list(EMOTIONS)
    (values,) = exported["shots"]
    assert (values["session"], values["utterance"], values["labeller"]) == ("session", 7, "parent")
    assert np.array_equal(np.array(values["label"], np.float32), shot.label)
    for modality, key in shot.keys.items():
        assert np.array_equal(np.frombuffer(base64.b64decode(values["keys"][modality.value]), "<f4"), key)


def test_the_very_same_answer_again_uses_up_no_version(database: Database) -> None:
    first = add_shot(database, shot_of(2), "session", 7, "parent", told_by="voice")
    before = current_version(database), exported_bytes(database)
    assert add_shot(database, shot_of(2), "session", 7, "parent", told_by="voice").shot_id == first.shot_id
    assert (current_version(database), exported_bytes(database)) == before


@pytest.mark.parametrize("change", [{"is_sure": False}, {"event": "session/1"}, {"person": "p-12345678"}])
def test_an_answer_that_differs_in_anything_is_a_new_one(database: Database, change: dict[str, object]) -> None:
    first = add_shot(database, shot_of(2), "session", 7)
    second = add_shot(database, dataclasses.replace(shot_of(2), **change), "session", 7)
    assert second.shot_id > first.shot_id
    (record,) = list_shots(database)
    assert {name: getattr(record.shot, name) for name in change} == change


def test_answers_of_one_sitting_are_undone_by_one_action(database: Database) -> None:
    add_shot(database, shot_of(1), "morning", 1)
    before = exported_bytes(database), row_bytes(database)
    for number in range(2, 10):
        add_shot(database, shot_of(number), "evening", number, sitting="evening")
    remove_shot(database, list_shots(database)[-1].shot.shot_id, sitting="evening")
    assert current_version(database).num_shots == 8
    assert current_version(database).change == "answers for evening"
    rollback(database)
    assert (exported_bytes(database), row_bytes(database)) == before


def test_a_sitting_after_another_change_is_a_version_of_its_own(database: Database) -> None:
    add_shot(database, shot_of(1), "evening", 1, sitting="evening")
    add_shot(database, shot_of(2), "morning", 1)
    add_shot(database, shot_of(3), "evening", 2, sitting="evening")
    assert [version.num_shots for version in earlier_versions(database)] == [2, 1, 0]


def test_a_shot_that_is_held_back_is_listed_but_does_not_count(database: Database) -> None:
    first, second = (add_shot(database, shot_of(number, "hash"), "session", number) for number in (1, 2))
    hold_back(database, [second.shot_id])
    assert [shot.shot_id for shot in shots_for(database, "hash")] == [first.shot_id]
    assert [record.is_held for record in list_shots(database)] == [False, True]
    assert current_version(database).num_held == 1
    add_shot(database, shot_of(3, "hash"), "session", 3)
    assert [record.is_held for record in list_shots(database)] == [False, True, False]
    release(database, [second.shot_id])
    assert len(shots_for(database, "hash")) == 3
