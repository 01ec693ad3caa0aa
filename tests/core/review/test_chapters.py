from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest

from emoasst_core.review.chapters import MOST_S, chapters
from emoasst_core.store.sessions import SessionRecord


@pytest.mark.parametrize("duration_s", [6.0, 360.0, 361.0, 1200.0, 7777.7])
def test_chapters_cover_the_session_without_gaps_and_none_is_longer_than_six_minutes(
    record: SessionRecord, duration_s: float
) -> None:
    found = chapters(dataclasses.replace(record, duration_s=duration_s))
    assert (found[0].start_s, found[-1].end_s) == (0.0, duration_s)
    assert all(earlier.end_s == later.start_s for earlier, later in pairwise(found))
    assert all(0 < chapter.end_s - chapter.start_s <= MOST_S for chapter in found)
    assert [chapter.number for chapter in found] == list(range(1, len(found) + 1))


def test_a_chapter_ends_in_the_longest_pause_of_its_last_half(record: SessionRecord) -> None:
    first = record.utterances[0]
    rows = [dataclasses.replace(first, start_s=10.0 * n, end_s=10.0 * n + 9.0) for n in range(50)]
    rows[30] = dataclasses.replace(rows[30], start_s=305.0)
    found = chapters(dataclasses.replace(record, duration_s=500.0, utterances=tuple(rows)))
    assert [chapter.start_s for chapter in found] == [0.0, 305.0]


def test_a_chapter_says_which_cue_was_shown_longest(record: SessionRecord) -> None:
    assert [chapter.emotion for chapter in chapters(record)] in (["joy"], ["sadness"])
    assert chapters(dataclasses.replace(record, timeline=dataclasses.replace(record.timeline, spans=())))[0].emotion is None
