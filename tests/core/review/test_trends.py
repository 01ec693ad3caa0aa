from __future__ import annotations

import pytest

from emoasst_core.review.relabel import relabel
from emoasst_core.review.trends import trends
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import save_session
from tests.core.store.session_records import random_session


def test_a_session_is_told_by_its_cues_and_by_what_an_adult_agreed_with(database: Database) -> None:
    (before,) = trends(database)
    assert before.sure_share == pytest.approx(1 - 1.4 / 5.4)
    assert (before.num_answered, before.num_named, before.num_right) == (0, 0, 0)
    relabel(database, "evening", 1, "joy")
    relabel(database, "evening", 2, "fear")
    (after,) = trends(database)
    assert (after.num_answered, after.num_named, after.num_right) == (2, 1, 1)  # the second had not been named at all


def test_sessions_come_oldest_first(database: Database) -> None:
    for seed in range(3):
        save_session(database, random_session(seed, f"day-{seed}"))
    assert [one.session_id for one in trends(database)] == ["evening", "day-0", "day-1", "day-2"]
