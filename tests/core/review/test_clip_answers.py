from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.clip_answers import keep_answer, likeliest_of, questions, take_last_change_back
from emoasst_core.store.clips import CANT_TELL, SOMETHING_ELSE, Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_utterance
from emoasst_core.store.shot_export import export_shots
from emoasst_core.store.shots import list_shots


@pytest.fixture
def clip(database: Database) -> Clip:
    return Clips(database).add([Clip("evening", 1, 0.0, 4.0, "person 1", "close")])[0]


def said(clip: Clip, answer: str, who: str = "Anna", is_sure: bool = True) -> ClipAnswer:
    return ClipAnswer(clip.clip_id, who, answer, is_sure)


def shares(database: Database) -> list[dict[str, float]]:
    labels = [record.shot.label for record in list_shots(database)]
    return [{name: pytest.approx(float(p)) for name, p in zip(EMOTIONS, label, strict=True) if p} for label in labels]


def test_an_answer_becomes_a_shot_and_taking_it_back_removes_both(database: Database, clip: Clip) -> None:
    before = export_shots(database)
    keep_answer(database, clip, "Anna", said(clip, "surprise"))
    assert shares(database) == [{"surprise": 1.0}]
    assert get_utterance(database, "evening", 1).label == "surprise"
    assert Clips(database).pending("evening") == ()
    keep_answer(database, clip, "Anna", None)
    assert export_shots(database) == before
    assert get_utterance(database, "evening", 1).label is None
    assert Clips(database).pending("evening") == (clip,)


def test_adults_who_differ_make_a_soft_label_in_which_an_unsure_one_counts_half(database: Database, clip: Clip) -> None:
    keep_answer(database, clip, "Anna", said(clip, "joy"))
    keep_answer(database, clip, "Ben", said(clip, "fear", "Ben"))
    assert shares(database) == [{"joy": 0.5, "fear": 0.5}]
    keep_answer(database, clip, "Ben", said(clip, "fear", "Ben", is_sure=False))
    assert shares(database) == [{"joy": 2 / 3, "fear": 1 / 3}]
    keep_answer(database, clip, "Anna", None)
    assert shares(database) == [{"fear": 1.0}]


def test_one_action_takes_the_answers_of_a_sitting_back_and_their_clips_wait_again(database: Database, clip: Clip) -> None:
    (_, second) = Clips(database).add([Clip("evening", 2, 3.0, 7.0, "", "close")])
    for one in (clip, second):
        keep_answer(database, one, "Anna", said(one, "fear"), sitting="tonight")
    assert shares(database) == [{"fear": 1.0}] * 2
    assert take_last_change_back(database).num_shots == 0
    assert Clips(database).pending("evening") == (clip, second)
    assert get_utterance(database, "evening", 1).label is None


@pytest.mark.parametrize("answer", [CANT_TELL, SOMETHING_ELSE])
def test_what_names_no_emotion_is_kept_but_never_enters_the_cache(database: Database, clip: Clip, answer: str) -> None:
    keep_answer(database, clip, "Anna", said(clip, "joy"))
    keep_answer(database, clip, "Anna", said(clip, answer))
    assert list_shots(database) == []
    assert get_utterance(database, "evening", 1).label == answer
    assert Clips(database).pending("evening") == ()
    keep_answer(database, clip, "Ben", said(clip, "fear", "Ben"))
    assert shares(database) == [{"fear": 1.0}]


def test_a_question_offers_the_three_likeliest_in_class_order_with_the_words_around(database: Database, clip: Clip) -> None:
    record, (question,) = questions(database, "evening")
    assert record.session_id == "evening"
    assert question.likeliest == ("neutral", "joy", "sadness")
    assert [row.text for row in question.before + question.after] == ["=1+1 & more"]
    keep_answer(database, clip, "Anna", said(clip, "joy"))
    assert questions(database, "evening")[1] == questions(database, "evening", "Anna")[1] == ()
    (again,) = questions(database, "evening", "Ben")[1]
    assert [one.labeller for one in again.answers] == ["Anna"]


def test_the_order_of_the_answers_tells_nothing_about_which_is_likeliest() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        probs = dict(zip(EMOTIONS, rng.dirichlet(np.ones(7)), strict=True))
        offered = likeliest_of(probs)
        assert list(offered) == sorted(offered, key=EMOTIONS.index)
        assert set(offered) == set(sorted(EMOTIONS, key=lambda name: -probs[name])[:3])
