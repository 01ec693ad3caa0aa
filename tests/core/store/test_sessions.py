from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from processes import kill, other_process, wait_for
from session_records import assert_same_session, random_session

from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import (
    delete_session,
    find_session,
    get_session,
    get_utterance,
    list_sessions,
    new_session_id,
    save_session,
    set_label,
)


@pytest.mark.parametrize("seed", range(10))
def test_a_session_comes_back_as_it_was_saved_embeddings_bit_for_bit(database: Database, seed: int) -> None:
    record = random_session(seed, num_utterances=seed, num_spans=3 * seed)
    assert_same_session(get_session(database, save_session(database, record)), record)


def test_a_session_without_an_id_gets_one_that_tells_its_time(database: Database) -> None:
    first, second = save_session(database, random_session(0)), save_session(database, random_session(0))
    assert first != second
    assert first.startswith("20250131-174502-")


def test_an_id_tells_the_time_in_utc() -> None:
    evening = datetime(2025, 1, 31, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert new_session_id(evening).startswith("20250201-043000-")


def test_a_start_without_time_zone_is_refused(database: Database) -> None:
    record = dataclasses.replace(random_session(0), started_at=datetime(2025, 1, 31))
    with pytest.raises(ValueError, match="no time zone"):
        save_session(database, record)


def test_the_same_id_twice_is_refused_and_the_first_session_stays(database: Database) -> None:
    save_session(database, random_session(0, session_id="same"))
    with pytest.raises(StoreError, match="A session same is already saved"):
        save_session(database, random_session(1, session_id="same"))
    assert_same_session(get_session(database, "same"), random_session(0))


def test_the_list_has_the_last_saved_first_and_counts_labels(database: Database) -> None:
    for seed in (3, 1, 2):
        save_session(database, random_session(seed, session_id=f"session {seed}", num_utterances=seed))
    set_label(database, "session 3", 2, "joy", "parent")
    found = [(info.session_id, info.num_utterances, info.num_labelled) for info in list_sessions(database)]
    assert found == [("session 2", 2, 0), ("session 1", 1, 0), ("session 3", 3, 1)]
    assert [info.session_id for info in list_sessions(database, limit=1)] == ["session 2"]
    assert find_session(database, "session 3") == list_sessions(database)[2]


@pytest.mark.parametrize("look_up", [get_session, find_session, delete_session])
def test_an_unknown_session_is_refused_with_the_newest_ones_named(database: Database, look_up: object) -> None:
    assert callable(look_up)
    with pytest.raises(StoreError, match=r"There is no session nothing\. No session has been saved yet"):
        look_up(database, "nothing")
    for seed in range(7):
        save_session(database, random_session(seed, session_id=f"s{seed}"))
    with pytest.raises(StoreError) as caught:
        look_up(database, "nothing")
    assert caught.value.next_step == "Newest sessions: s6, s5, s4, s3, s2."


def test_an_unknown_utterance_is_refused_with_the_range_named(database: Database) -> None:
    save_session(database, random_session(0, session_id="three", num_utterances=3))
    save_session(database, random_session(0, session_id="none", num_utterances=0))
    with pytest.raises(StoreError, match=r"Session three has no utterance 4\. It has 1 to 3\."):
        get_utterance(database, "three", 4)
    with pytest.raises(StoreError, match=r"Session none has no utterance 1\. It has none\."):
        get_utterance(database, "none", 1)


def test_a_label_stands_beside_the_guess_and_can_be_taken_back(database: Database) -> None:
    record = random_session(0, session_id="kept")
    save_session(database, record)
    assert set_label(database, "kept", 2, "fear", "second adult")
    utterance = get_utterance(database, "kept", 2)
    assert (utterance.label, utterance.labeller, utterance.emotion) == ("fear", "second adult", record.utterances[1].emotion)
    assert set_label(database, "kept", 2, None)
    assert_same_session(get_session(database, "kept"), record)
    assert get_utterance(database, "kept", 2).labeller == ""


def test_a_label_for_something_deleted_goes_nowhere(database: Database) -> None:
    save_session(database, random_session(0, session_id="kept"))
    assert not set_label(database, "gone", 1, "joy")
    assert not set_label(database, "kept", 99, "joy")
    assert find_session(database, "kept").num_labelled == 0


@pytest.mark.parametrize("column", ["emotion", "state", "probs"])
def test_the_guess_of_the_model_cannot_be_overwritten(database: Database, column: str) -> None:
    save_session(database, random_session(0, session_id="kept"))
    with pytest.raises(StoreError, match="never overwritten"):
        database.execute(f"UPDATE utterances SET {column} = '{{}}' WHERE number = 1")
    assert_same_session(get_session(database, "kept"), random_session(0))


def test_a_session_started_elsewhere_comes_back_at_the_same_moment(database: Database) -> None:
    started_at = datetime(2025, 6, 1, 8, 0, tzinfo=timezone(timedelta(hours=9)))
    record = dataclasses.replace(random_session(0), started_at=started_at)
    assert get_session(database, save_session(database, record)).started_at == started_at.astimezone(UTC)


@pytest.mark.parametrize("attempt", range(3))
def test_a_kill_in_the_middle_of_saving_leaves_nothing_of_that_session(path: Path, attempt: int) -> None:
    with Database(path) as database:
        save_session(database, random_session(0, session_id="before"))
    with other_process("pause_in_the_middle", path) as process:
        wait_for(process, "in the middle")
        log = path.with_name(path.name + "-wal")
        assert log.stat().st_size > 100_000  # part of the session has already reached the log
        kill(process)
    with Database(path) as database:
        assert [info.session_id for info in list_sessions(database)] == ["before"]
        assert_same_session(get_session(database, "before"), random_session(0))
        assert database.faults() == []
        assert database.rows("SELECT count(DISTINCT session_key) AS num FROM spans") == [{"num": 1}]
        save_session(database, random_session(1, session_id="half"))


@pytest.mark.parametrize("delay_s", [0.01, 0.05, 0.1, 0.2])
def test_a_kill_at_any_time_keeps_every_acknowledged_session_whole(path: Path, delay_s: float) -> None:
    with other_process("save_forever", path) as process:
        wait_for(process, "started")
        time.sleep(delay_s)
        kill(process)
        assert process.stdout is not None
        acknowledged = [line.strip() for line in process.stdout if line.endswith("\n")]
    with Database(path) as database:
        assert database.faults() == []
        found = [info.session_id for info in list_sessions(database)][::-1]
        assert found[: len(acknowledged)] == acknowledged
        assert len(found) <= len(acknowledged) + 1  # the last one may have been saved but not yet acknowledged
        expected = random_session(1, num_spans=300)
        for session_id in found:
            assert_same_session(get_session(database, session_id), expected)
