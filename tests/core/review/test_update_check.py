"""New answers are looked at before they count: gains are told, losses are held back until an adult says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import Modality, Shot
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.profile import ProfileConfig
from emoasst_core.review.update_check import UpdateCheck, check_update
from emoasst_core.store.database import Database
from emoasst_core.store.shots import add_shot, list_shots, release, rollback, shots_for
from tests.core.classifier.remembered_people import CLASSES, DAD, MUM, SCALE, clips, make_shot, memory_model, person_offset

FACE = Modality.FACE
LABELS = np.tile(np.arange(NUM_EMOTIONS), 4)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "emoasst.sqlite")


def classifier(mode: str, is_trusting: bool = False) -> EmbeddingClassifier:
    """A small model; a trusting one takes every answer as meant and uses it fully, so that wrong ones do harm."""
    model = memory_model()
    if is_trusting:
        model = memory_model(replace(model.constants, sure_error=0.0, evidence_bias=50.0))
    head = {"scale": SCALE, "bias": [0.0] * NUM_EMOTIONS}
    config = ProfileConfig(
        "small", "1", "", "", "", "", "", {}, None, 1, 4.0, 3, {"face": head, "voice": head}, {"face": 8.0}, 12.0,
        {"face": 0.6, "voice": 0.4}, memory={"mode": mode, "constants": model.constants.as_dict()},
    )  # fmt: skip
    return EmbeddingClassifier(config, "hash-a", CLASSES, {modality: reader.source for modality, reader in model.readers.items()})


def shots_of(person: str, labels: Sequence[int], given: Sequence[int], seed: int) -> list[Shot]:
    rng = np.random.default_rng([seed, 5])
    offset = person_offset(np.random.default_rng(seed), 1.0)
    keys = clips(np.array(labels), offset, rng)
    return [make_shot(0, answer, {FACE: keys[row]}, person, event=f"{seed}/{row}") for row, answer in enumerate(given)]


def answer(database: Database, shots: Sequence[Shot], sitting: str) -> None:
    for number, shot in enumerate(shots, 1):
        add_shot(database, shot, f"session-{sitting}", number, "parent", sitting=sitting)


@pytest.mark.parametrize("mode", ["personal", "paper"])
def test_good_answers_count_and_the_gain_is_told(database: Database, mode: str) -> None:
    reader = classifier(mode)
    answer(database, shots_of(MUM, LABELS, LABELS, 1), "first")
    check = check_update(database, reader)
    (change,) = check.people
    assert (change.person, change.num_clips) == (MUM, len(LABELS))
    assert change.num_right_after > change.num_right_before
    assert not check.is_held_back
    assert check.sentences({MUM: "Grandma"})[0] == (
        f"Grandma: {change.num_right_after} of {len(LABELS)} clips right, was {change.num_right_before}."
    )
    assert len(shots_for(database, "hash-a")) == len(LABELS)


def answered_twice(database: Database, reader: EmbeddingClassifier) -> UpdateCheck:
    """A good evening, then one on which everything was answered wrong in the same way."""
    answer(database, shots_of(MUM, LABELS, LABELS, 1), "first")
    check_update(database, reader)
    many = np.tile(LABELS, 3)
    wrong = shots_of(MUM, many, (many + 1) % NUM_EMOTIONS, 1)
    answer(
        database, [make_shot(0, int(s.label.argmax()), dict(s.keys), MUM, event=f"late/{n}") for n, s in enumerate(wrong)], "late"
    )
    return check_update(database, reader)


@pytest.mark.parametrize("mode", ["personal", "paper"])
def test_answers_that_lose_more_than_two_points_are_held_back_and_said(database: Database, mode: str) -> None:
    reader = classifier(mode, is_trusting=True)
    check = answered_twice(database, reader)
    assert check.people[0].is_loss
    assert check.people[0].loss > 0.02
    assert len(check.held_back) == 3 * len(LABELS)
    assert any("wait and are not used" in sentence for sentence in check.sentences())
    assert len(shots_for(database, "hash-a")) == len(LABELS)
    assert len(list_shots(database)) == 4 * len(LABELS)


def test_held_answers_can_be_used_anyway_or_taken_back_at_once(database: Database) -> None:
    check = answered_twice(database, classifier("personal", is_trusting=True))
    release(database, check.held_back)
    assert len(shots_for(database, "hash-a")) == 4 * len(LABELS)
    rollback(database)
    assert len(list_shots(database)) == len(LABELS)


def test_only_the_people_with_new_answers_are_looked_at(database: Database) -> None:
    reader = classifier("personal")
    answer(database, shots_of(MUM, LABELS, LABELS, 1), "first")
    answer(database, shots_of(DAD, LABELS, LABELS, 2), "second")
    assert [change.person for change in check_update(database, reader).people] == [DAD]


def test_a_cache_without_a_change_has_nothing_to_check(database: Database) -> None:
    assert check_update(database, classifier("personal")) == UpdateCheck()


def test_shots_of_another_model_are_left_alone(database: Database) -> None:
    reader = classifier("personal")
    reader.encoder_hash = "other"
    answer(database, shots_of(MUM, LABELS, LABELS, 1), "first")
    assert check_update(database, reader) == UpdateCheck()
