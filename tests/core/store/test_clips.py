from __future__ import annotations

import pytest
from session_records import random_session

from emoasst_core.errors import StoreError
from emoasst_core.store.clips import Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import delete_session, save_session


@pytest.fixture
def clips(database: Database) -> Clips:
    save_session(database, random_session(1, "evening"))
    store = Clips(database)
    store.add(Clip("evening", number, 10.0 * number, 10.0 * number + 5, "p-1", "close", number < 3) for number in (2, 1, 3))
    return store


def test_clips_come_back_in_time_order_and_only_those_asked_first_wait(clips: Clips) -> None:
    assert [clip.utterance_number for clip in clips.all("evening")] == [1, 2, 3]
    assert [clip.utterance_number for clip in clips.pending("evening")] == [1, 2]
    assert clips.num_pending() == {"evening": 2}


def test_an_utterance_is_asked_about_once(clips: Clips) -> None:
    again = clips.add([Clip("evening", 1, 0.0, 4.0, "p-1", "flips")])
    assert [clip.reason for clip in again] == ["close"] * 3


def test_an_answer_ends_the_waiting_for_its_adult_and_may_be_taken_back(clips: Clips) -> None:
    first = clips.all("evening")[0].clip_id
    clips.answer(ClipAnswer(first, "Anna", "joy", False, "voice"))
    assert [clip.utterance_number for clip in clips.pending("evening")] == [2]
    assert [clip.utterance_number for clip in clips.pending("evening", "Anna")] == [2]
    assert [clip.utterance_number for clip in clips.pending("evening", "Ben")] == [1, 2]
    assert clips.answers([first]) == {first: (ClipAnswer(first, "Anna", "joy", False, "voice"),)}
    clips.take_back(first, "Anna")
    assert clips.answers([first]) == {}


def test_two_adults_may_differ_and_a_new_answer_replaces_only_ones_own(clips: Clips) -> None:
    first = clips.all("evening")[0].clip_id
    for labeller, answer in (("Anna", "joy"), ("Ben", "fear"), ("Anna", "sadness")):
        clips.answer(ClipAnswer(first, labeller, answer))
    assert {said.labeller: said.answer for said in clips.answers([first])[first]} == {"Anna": "sadness", "Ben": "fear"}
    assert [clip.clip_id for clip in clips.answered()] == [first]


def test_deleting_the_session_or_forgetting_the_person_leaves_no_clip(clips: Clips, database: Database) -> None:
    first = clips.all("evening")[0].clip_id
    clips.answer(ClipAnswer(first, "Anna", "joy"))
    assert clips.forget("somebody else") == 0
    assert clips.forget("p-1") == 3
    assert database.rows("SELECT * FROM clip_answers") == []
    clips.add([Clip("evening", 1, 0.0, 4.0, "p-1", "close")])
    delete_session(database, "evening")
    assert database.rows("SELECT * FROM clips") == []


def test_an_answer_to_a_clip_that_is_gone_is_refused(clips: Clips) -> None:
    with pytest.raises(StoreError, match="not kept any more"):
        clips.answer(ClipAnswer(99, "Anna", "joy"))


def test_withdrawing_the_consent_to_clips_removes_those_that_wait(clips: Clips, database: Database) -> None:
    people = People(database)
    mum = people.add("Anna", "adult").person_id
    people.grant(mum, "clips")
    save_session(database, random_session(2, "morning"))
    first, _, other = clips.add(
        Clip("morning", number, 10.0 * number, 10.0 * number + 5, person, "close")
        for number, person in ((1, mum), (2, mum), (3, "p-other"))
    )
    clips.answer(ClipAnswer(first.clip_id, "Anna", "joy"))
    people.withdraw(mum, "live")
    assert len(clips.all("morning")) == 3
    people.withdraw(mum, "clips")
    assert clips.all("morning") == (first, other)
