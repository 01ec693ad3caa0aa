from __future__ import annotations

import pytest

from emoasst_core.session.embedding_pace import SHARE, EmbeddingPace

RATE_HZ = 10


def steps(cost_s: float, share: float = SHARE, seconds: int = 60) -> int:
    pace, taken = EmbeddingPace(share), 0
    for number in range(seconds * RATE_HZ):
        if pace.takes(number / RATE_HZ):
            pace.took(number / RATE_HZ, cost_s)
            taken += 1
    return taken


def test_a_quick_step_is_taken_with_every_picture() -> None:
    assert steps(0.010) == steps(0.039) == 60 * RATE_HZ


@pytest.mark.parametrize("cost_s", [0.1, 0.15, 0.4, 1.0])
def test_a_slow_step_takes_no_more_than_its_share_of_the_time(cost_s: float) -> None:
    taken = steps(cost_s)
    assert taken >= 1 and taken * cost_s <= 60 * SHARE + cost_s
    assert taken * cost_s >= 60 * SHARE * 0.6, "and makes use of most of it"


def test_a_recording_waits_for_every_step() -> None:
    assert steps(5.0, share=0.0) == 60 * RATE_HZ
