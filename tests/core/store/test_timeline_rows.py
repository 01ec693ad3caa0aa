from __future__ import annotations

import numpy as np
import pytest
from session_records import random_session, random_timeline

from emoasst_core.datatypes import Timeline
from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import delete_session, get_session, save_session


@pytest.mark.parametrize("seed", range(40))
def test_a_timeline_comes_back_equal_to_the_last_digit(database: Database, seed: int) -> None:
    rng = np.random.default_rng(seed)
    record = random_session(seed)
    timeline = random_timeline(rng, int(rng.integers(0, 60)), int(rng.integers(0, 30)))
    object.__setattr__(record, "timeline", timeline)
    found = get_session(database, save_session(database, record)).timeline
    assert found == timeline
    assert found.as_dict() == timeline.as_dict()
    assert [list(span.probs) for span in found.spans] == [list(span.probs) for span in timeline.spans]


def test_numbers_from_numpy_come_back_as_plain_floats(database: Database) -> None:
    record = random_session(0)
    span = record.timeline.spans[0]
    object.__setattr__(span, "start_s", np.float32(0.1))
    object.__setattr__(span, "end_s", np.float64(0.2))
    object.__setattr__(span, "probs", {"joy": np.float32(0.7)})
    found = get_session(database, save_session(database, record)).timeline.spans[0]
    assert (found.start_s, found.end_s, found.probs) == (float(np.float32(0.1)), 0.2, {"joy": float(np.float32(0.7))})
    assert {type(found.start_s), type(found.end_s), type(found.probs["joy"])} == {float}


def test_an_empty_timeline_comes_back_empty(database: Database) -> None:
    record = random_session(0)
    object.__setattr__(record, "timeline", Timeline("silence.wav", 0.0, ()))
    assert get_session(database, save_session(database, record)).timeline == Timeline("silence.wav", 0.0, ())


@pytest.mark.parametrize(
    ("field", "value"), [("start_s", float("nan")), ("end_s", -1.0), ("probs", {"joy": float("nan")}), ("person", None)]
)
def test_a_span_that_makes_no_sense_is_refused_with_its_whole_session(database: Database, field: str, value: object) -> None:
    record = random_session(0, session_id="bad")
    object.__setattr__(record.timeline.spans[5], field, value)
    with pytest.raises(StoreError, match="refused"):
        save_session(database, record)
    for table in ("sessions", "utterances", "utterance_embeddings", "timelines", "spans", "words"):
        assert database.rows(f"SELECT count(*) AS num FROM {table}") == [{"num": 0}]


def test_a_lane_unknown_to_this_version_is_named(database: Database) -> None:
    save_session(database, random_session(0, session_id="kept"))
    database.execute("UPDATE spans SET source = 'smell' WHERE position = 0")
    with pytest.raises(StoreError, match="unknown Source 'smell'"):
        get_session(database, "kept")


def test_deleting_a_session_deletes_its_rows_and_no_others(database: Database) -> None:
    tables = ("sessions", "utterances", "utterance_embeddings", "timelines", "spans", "words")

    def counts() -> list[int]:
        return [database.rows(f"SELECT count(*) AS num FROM {table}")[0]["num"] for table in tables]

    save_session(database, random_session(0, session_id="stays"))
    before = counts()
    save_session(database, random_session(1, session_id="goes"))
    assert all(now > then for now, then in zip(counts(), before, strict=True))
    delete_session(database, "goes")
    assert counts() == before
