"""Per person: how many answers, how many clear cues were right, and how sure that is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from scipy.optimize import brentq

from emoasst_core.datatypes import CueState, Timeline
from emoasst_core.review.person_summary import PersonSummary, summarise_people, wilson_interval
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, save_session

MUM = "p-00000001"


def utterance(number: int, person: str, state: CueState, emotion: str | None, label: str | None) -> UtteranceRow:
    return UtteranceRow(number, number, number + 1.0, True, person, "", emotion, state, {}, {}, label, "parent" if label else "")


def test_clear_cues_are_counted_per_person_and_the_unknown_together(tmp_path: Path) -> None:
    rows = [
        utterance(1, MUM, CueState.CLEAR, "joy", "joy"),
        utterance(2, MUM, CueState.CLEAR, "joy", "surprise"),
        utterance(3, MUM, CueState.MAYBE, "joy", "joy"),
        utterance(4, MUM, CueState.CLEAR, "anger", None),
        utterance(5, MUM, CueState.CLEAR, "anger", "can't tell"),
        utterance(6, "person 1", CueState.CLEAR, "fear", "fear"),
        utterance(7, "", CueState.UNSURE, None, "fear"),
    ]
    record = SessionRecord("", "c", datetime(2025, 1, 1, tzinfo=UTC), 9.0, "s", "h", Timeline("c", 9.0, ()), tuple(rows))
    with Database(tmp_path / "emoasst.sqlite") as database:
        save_session(database, record)
        assert summarise_people(database) == (PersonSummary("", 2, 1, 1), PersonSummary(MUM, 3, 2, 1))


@pytest.mark.parametrize(("right", "total"), [(8, 10), (1, 30), (5, 5), (0, 4)])
def test_the_interval_holds_the_shares_that_a_normal_test_does_not_refuse(right: int, total: int) -> None:
    def excess(share: float) -> float:
        return (right / total - share) ** 2 - 1.959964**2 * share * (1 - share) / total

    low, high = wilson_interval(right, total)
    share = right / total
    assert low == pytest.approx(brentq(excess, 0, share - 1e-9) if right else 0.0, abs=1e-6)
    assert high == pytest.approx(brentq(excess, share + 1e-9, 1) if right < total else 1.0, abs=1e-6)


def test_without_a_clear_reading_nothing_is_claimed() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert PersonSummary(MUM, 3).sentence() == "3 answers; no clear cue among them yet."


def test_what_many_more_cues_may_show_is_said_in_tenths_and_never_as_a_share_of_a_hundred() -> None:
    few = PersonSummary(MUM, 12, 10, 8)  # 49 % to 94 %
    assert few.sentence() == (
        "Clear cues right 8 of 10, from 12 answers. With so few answers, some of this may be chance. "
        "Over many more cues it could be as low as 5 or as high as 9 of 10."
    )
    many = PersonSummary(MUM, 60, 40, 33).sentence()
    assert "chance" not in many
    assert many.endswith("as low as 7 or as high as 9 of 10.")
    assert PersonSummary(MUM, 2000, 1500, 1350).sentence().endswith("Over many more cues it should stay about 9 of 10.")
    assert PersonSummary(MUM, 1, 1, 1).sentence().startswith("Clear cues right 1 of 1, from 1 answer.")
