from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.clip_answers import keep_answer
from emoasst_core.review.practice import agreed_answer, practice_clips
from emoasst_core.store.clips import CANT_TELL, Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.practice import drop_rounds, keep_round, kept_rounds
from emoasst_core.store.sessions import SessionRecord, save_session


@pytest.fixture
def family(database: Database, record: SessionRecord, tmp_path: Path) -> Database:
    """One recording with twelve utterances of Anna, each asked about."""
    mum = People(database).add("Anna", "adult").person_id
    film = tmp_path / "film.mp4"
    film.write_bytes(b"a recording")
    first = dataclasses.replace(record.utterances[0], person=mum)
    rows = tuple(dataclasses.replace(first, number=n, start_s=10.0 * n, end_s=10.0 * n + 3) for n in range(1, 13))
    save_session(database, dataclasses.replace(record, session_id="film", recording=str(film), duration_s=140.0, utterances=rows))
    Clips(database).add(Clip("film", n, 10.0 * n, 10.0 * n + 4, mum, "close") for n in range(1, 13))
    return database


def answer(database: Database, number: int, *said: tuple[str, str, bool]) -> None:
    clip = Clips(database).all("film")[number - 1]
    for who, emotion, is_sure in said:
        keep_answer(database, clip, who, ClipAnswer(clip.clip_id, who, emotion, is_sure))


def test_only_answers_that_the_adults_agree_and_are_sure_of_are_practised(family: Database) -> None:
    answer(family, 1, ("Anna", "joy", True))
    answer(family, 2, ("Anna", "joy", False))
    answer(family, 3, ("Anna", "joy", True), ("Ben", "fear", True))
    answer(family, 4, ("Anna", CANT_TELL, True))
    answer(family, 5, ("Anna", "fear", True), ("Ben", "fear", True))
    assert {clip.clip.utterance_number: clip.answer for clip in practice_clips(family)} == {1: "joy", 5: "fear"}
    assert agreed_answer([ClipAnswer(1, "Anna", CANT_TELL)]) is None


def test_the_question_names_the_person_and_offers_three_feelings_in_class_order(family: Database) -> None:
    answer(family, 1, ("Anna", "disgust", True))
    (clip,) = practice_clips(family)
    assert clip.name == "Anna"
    assert "disgust" in clip.choices and len(clip.choices) == 3
    assert list(clip.choices) == sorted(clip.choices, key=EMOTIONS.index)


def test_a_round_takes_the_feelings_in_turn(family: Database) -> None:
    for number in range(1, 10):
        answer(family, number, ("Anna", "joy", True))
    for number in (10, 11):
        answer(family, number, ("Anna", "anger", True))
    answer(family, 12, ("Anna", "fear", True))
    for seed in range(5):
        assert Counter(clip.answer for clip in practice_clips(family, seed)) == {"joy": 3, "anger": 2, "fear": 1}


def test_what_cannot_be_played_any_more_is_not_asked(family: Database, tmp_path: Path) -> None:
    answer(family, 1, ("Anna", "joy", True))
    (tmp_path / "film.mp4").unlink()
    assert practice_clips(family) == ()


def test_scores_are_there_only_where_they_were_kept_and_can_be_removed(family: Database) -> None:
    assert kept_rounds(family) == ()
    keep_round(family, 4, 6)
    assert [(one.num_alike, one.num_guessed) for one in kept_rounds(family)] == [(4, 6)]
    drop_rounds(family)
    assert kept_rounds(family) == ()
