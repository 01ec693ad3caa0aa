"""Why a part was read as it was: the answers of that time that spoke for it, by either memory, and silence where none did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import CueState, Modality, Timeline
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.explanation import NOTHING_READ, OTHER_MODEL, explain_part
from emoasst_core.review.relabel import relabel
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, save_session
from emoasst_core.store.shots import hold_back, list_shots
from tests.core.classifier.remembered_people import clips
from tests.core.review.test_reembed import record_session
from tests.core.review.test_update_check import classifier

FACE = Modality.FACE
JOY, SADNESS = EMOTIONS.index("joy"), EMOTIONS.index("sadness")


def word(emotion: str) -> str:
    return emotion.capitalize()


def session(session_id: str, emotions: list[int], person: str, started_at: datetime, seed: int) -> SessionRecord:
    """One part of a second per emotion, its face embedded near the class."""
    keys = clips(np.array(emotions), np.zeros(32), np.random.default_rng(seed)).astype(np.float32)
    rows = tuple(
        UtteranceRow(
            number, number - 1.0, float(number), True, person, f"words {number}", EMOTIONS[column], CueState.CLEAR,
            {EMOTIONS[column]: 0.8, "neutral": 0.2}, {FACE: key},
        )
        for number, (column, key) in enumerate(zip(emotions, keys, strict=True), 1)
    )  # fmt: skip
    return SessionRecord(session_id, "", started_at, 9.0, "small", "hash-a", Timeline("", 9.0, ()), rows)


@pytest.fixture
def family(tmp_path: Path) -> Database:
    """Mum's first evening with answers (one kept as picture and sound), and a second one that was read with them."""
    database = Database(tmp_path / "emoasst.sqlite")
    mum = People(database).add("Anna", "adult").person_id
    People(database).grant(mum, "clips")
    first = datetime.now(UTC) - timedelta(days=2)
    save_session(database, session("first", [JOY, JOY, SADNESS, SADNESS, 0, 0], mum, first, 1))
    for number, emotion in enumerate(("joy", "joy", "sadness", "sadness", "neutral", "neutral"), 1):
        relabel(database, "first", number, emotion)
    later = datetime.now(UTC) + timedelta(seconds=1)
    save_session(database, session("second", [JOY, SADNESS, 4], mum, later, 2))
    return database


@pytest.mark.parametrize("mode", ["personal", "paper"])
def test_the_answers_that_spoke_for_a_reading_are_named_loudest_first_by_either_memory(family: Database, mode: str) -> None:
    why = explain_part(family, "second", 1, mode, classifier(mode))
    assert {clip.emotion for clip in why.clips} == {"joy"}
    assert [clip.shot_id for clip in why.clips] == sorted((1, 2), key=lambda one: -{c.shot_id: c.weight for c in why.clips}[one])
    assert why.name == "Anna" and 0 < why.share < 1 and 0.3 < why.spoke_for <= 1
    assert (why.clips[0].name, why.clips[0].session_id, why.clips[0].media) == ("Anna", "first", None)
    told = " ".join(why.sentences(word))
    assert "This part was read as joy." in told and "Your family’s answers were used" in told
    assert ("people the program learned from" in told) == (mode == "personal")


def test_an_emotion_that_nobody_answered_has_nothing_that_spoke_for_it_and_that_is_said(family: Database) -> None:
    why = explain_part(family, "second", 3, "personal", classifier("personal"))
    assert why.emotion == EMOTIONS[4] and why.clips == ()
    assert why.sentences(word)[-1] == "None of your answers spoke for it."


def test_answers_given_since_and_answers_held_back_had_no_part_in_it(family: Database) -> None:
    before = explain_part(family, "first", 1, "personal", classifier("personal"))
    assert before.share == 0 and before.clips == ()
    assert "Your family’s answers were not used here." in before.sentences(word)
    hold_back(family, [1])
    assert [clip.shot_id for clip in explain_part(family, "second", 1, "personal", classifier("personal")).clips] == [2]


def test_what_was_kept_of_a_clip_can_be_played_while_the_agreement_holds(family: Database) -> None:
    record_session(family, "first")
    clip = explain_part(family, "second", 1, "personal", classifier("personal")).clips[0]
    assert clip.media is not None and clip.duration_s == 9.0
    mum = People(family).all()[0].person_id
    People(family).withdraw(mum, "clips")
    assert explain_part(family, "second", 1, "personal", classifier("personal")).clips[0].media is None


def test_the_answer_of_a_deleted_session_is_still_named(family: Database) -> None:
    from emoasst_core.store.sessions import delete_session

    delete_session(family, "first")
    assert len(list_shots(family)) == 6
    clip = explain_part(family, "second", 1, "personal", classifier("personal")).clips[0]
    assert clip.began_at is None and clip.emotion == "joy"


def test_another_model_and_an_unread_part_are_said_in_words(family: Database) -> None:
    assert explain_part(family, "second", 1).sentences(word) == (OTHER_MODEL,)  # no profile called small is installed
    other = classifier("personal")
    other.encoder_hash = "hash-b"
    assert explain_part(family, "second", 1, "personal", other).sentences(word) == (OTHER_MODEL,)
    record = session("third", [JOY], "", datetime.now(UTC), 3)
    save_session(family, replace(record, utterances=(replace(record.utterances[0], embeddings={}, probs={}),)))
    assert explain_part(family, "third", 1, "personal", classifier("personal")).sentences(word) == (NOTHING_READ,)


def test_the_model_alone_is_read_without_any_answer(family: Database) -> None:
    with_answers = classifier("paper")
    explain_part(family, "second", 1, "paper", with_answers)
    without: EmbeddingClassifier = classifier("paper")
    keys = {FACE: clips(np.array([JOY]), np.zeros(32), np.random.default_rng(7))[0].astype(np.float32)}
    assert np.array_equal(with_answers.classify_alone(keys), without.classify(keys))
    assert not np.array_equal(with_answers.classify(keys), without.classify(keys))
