from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.datatypes import Modality
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import CacheError, StoreError
from emoasst_core.review.relabel import relabel, undo_last_change, withdraw
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import delete_session, get_session, get_utterance
from emoasst_core.store.shot_export import export_shots
from emoasst_core.store.shots import current_version, list_shots, shots_for


def labels(database: Database) -> list[tuple[str | None, str]]:
    return [(utterance.label, utterance.labeller) for utterance in get_session(database, "evening").utterances]


def test_relabelling_an_utterance_adds_one_shot(database: Database) -> None:
    shot = relabel(database, "evening", 1, "surprise")
    (stored,) = shots_for(database, "a" * 64)
    assert stored.shot_id == shot.shot_id
    assert EMOTIONS[int(stored.label.argmax())] == "surprise"
    assert stored.label.sum() == 1
    assert stored.person == "person 1"
    assert list(stored.keys) == [Modality.FACE]
    assert np.array_equal(stored.keys[Modality.FACE], np.eye(8, dtype=np.float32)[0])


def test_relabelling_keeps_the_guess_and_puts_the_answer_beside_it(database: Database) -> None:
    before = get_utterance(database, "evening", 1)
    relabel(database, "evening", 1, "surprise", labeller="second adult")
    after = get_utterance(database, "evening", 1)
    assert (after.label, after.labeller) == ("surprise", "second adult")
    assert (after.emotion, after.state, after.probs) == (before.emotion, before.state, before.probs)


def test_relabelling_again_replaces_shot_and_label(database: Database) -> None:
    relabel(database, "evening", 1, "surprise")
    relabel(database, "evening", 1, "Happy")  # a common spelling
    (record,) = list_shots(database)
    assert EMOTIONS[int(record.shot.label.argmax())] == "joy"
    assert labels(database)[0] == ("joy", "parent")


def test_an_utterance_without_embeddings_is_refused_and_nothing_is_kept(database: Database) -> None:
    with pytest.raises(CacheError, match=r"Nothing was seen, heard or read in utterance 3 .*Choose an utterance"):
        relabel(database, "evening", 3, "joy")
    assert labels(database) == [(None, ""), (None, ""), (None, "")]
    assert list_shots(database) == []


def test_an_unknown_emotion_is_refused_with_the_seven_named(database: Database) -> None:
    with pytest.raises(CacheError) as caught:
        relabel(database, "evening", 1, "meh")
    assert caught.value.next_step == f"Known: {', '.join(EMOTIONS)}."


def test_a_session_of_another_model_is_refused(database: Database) -> None:
    with pytest.raises(CacheError, match="was made with another model"):
        relabel(database, "evening", 1, "joy", encoder_hash="b" * 64)
    assert list_shots(database) == []
    assert relabel(database, "evening", 1, "joy", encoder_hash="a" * 64).encoder_hash == "a" * 64


def test_unknown_sessions_and_utterances_are_refused(database: Database) -> None:
    with pytest.raises(StoreError, match="Newest sessions: evening"):
        relabel(database, "morning", 1, "joy")
    with pytest.raises(StoreError, match="It has 1 to 3"):
        relabel(database, "evening", 4, "joy")


def test_a_withdrawn_correction_leaves_cache_and_utterance_as_they_were(database: Database) -> None:
    relabel(database, "evening", 2, "fear")
    before = export_shots(database), labels(database)
    shot = relabel(database, "evening", 1, "surprise")
    withdraw(database, shot.shot_id)
    assert (export_shots(database), labels(database)) == before


def test_undoing_brings_back_the_earlier_answer_with_its_labeller(database: Database) -> None:
    relabel(database, "evening", 1, "fear", labeller="second adult")
    before = export_shots(database), labels(database)
    relabel(database, "evening", 1, "surprise")
    undo_last_change(database)
    assert (export_shots(database), labels(database)) == before == (before[0], [("fear", "second adult"), (None, ""), (None, "")])
    undo_last_change(database)
    assert labels(database)[0] == (None, "")
    assert list_shots(database) == []


def test_undoing_a_withdrawal_brings_the_label_back(database: Database) -> None:
    shot = relabel(database, "evening", 1, "fear")
    before = export_shots(database), labels(database)
    withdraw(database, shot.shot_id)
    undo_last_change(database)
    assert (export_shots(database), labels(database)) == before


def test_corrections_can_be_undone_after_their_session_is_deleted(database: Database) -> None:
    shot = relabel(database, "evening", 1, "fear")
    delete_session(database, "evening")
    withdraw(database, shot.shot_id)
    assert list_shots(database) == []
    assert undo_last_change(database).num_shots == 1


def test_a_label_that_cannot_become_a_shot_is_not_kept_either(database: Database) -> None:
    database.execute("UPDATE utterance_embeddings SET vector = zeroblob(32) WHERE number = 1")  # no direction: no key
    with pytest.raises(CacheError, match="must be a unit vector"):
        relabel(database, "evening", 1, "joy")
    assert labels(database)[0] == (None, "")
    assert current_version(database).change == "empty cache"


def test_two_adults_who_differ_make_a_soft_label_and_each_can_take_theirs_back(database: Database) -> None:
    relabel(database, "evening", 1, "joy", labeller="mother")
    relabel(database, "evening", 1, "surprise", labeller="father", is_sure=False, told_by="voice")
    (record,) = list_shots(database)
    assert record.answers == {"father": "surprise", "mother": "joy"}
    assert (record.shot.is_sure, record.told_by) == (False, "voice")
    shares = dict(zip(EMOTIONS, record.shot.label.tolist(), strict=True))
    assert {name: share for name, share in shares.items() if share} == {"joy": 0.5, "surprise": 0.5}
    assert labels(database)[0] == ("surprise", "father")
    withdraw(database, record.shot.shot_id, labeller="father")
    (record,) = list_shots(database)
    assert (record.answers, labels(database)[0]) == ({"mother": "joy"}, ("joy", "mother"))
    undo_last_change(database)
    assert list_shots(database)[0].answers == {"father": "surprise", "mother": "joy"}


def test_the_same_answer_again_changes_nothing(database: Database) -> None:
    first = relabel(database, "evening", 1, "joy")
    version = current_version(database)
    assert relabel(database, "evening", 1, "happiness").shot_id == first.shot_id
    assert current_version(database) == version


def test_clips_of_the_same_twenty_seconds_are_one_event(database: Database) -> None:
    assert relabel(database, "evening", 1, "joy").event == relabel(database, "evening", 2, "joy").event == "evening/0"


@pytest.mark.parametrize("shares", [{"joy": -1.0, "fear": 2.0}, {"joy": 0.0}, {"glee": 1.0}])
def test_shares_that_are_no_label_are_refused(database: Database, shares: dict[str, float]) -> None:
    with pytest.raises(CacheError):
        relabel(database, "evening", 1, "joy", shares=shares)
    assert list_shots(database) == []
