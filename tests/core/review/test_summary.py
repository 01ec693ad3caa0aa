from __future__ import annotations

import dataclasses

import pytest

from emoasst_core.datatypes import Timeline
from emoasst_core.review.summary import PersonSummary, summarize, summary_text
from emoasst_core.store.sessions import SessionRecord


def test_overlapping_windows_count_once_and_shown_cues_are_counted(record: SessionRecord) -> None:
    nobody, first, second = summarize(record.timeline)
    assert nobody == PersonSummary(person="", seen_s=0.0, heard_s=1.0, shown={}, unsure_share=None)
    assert (first.person, first.seen_s, first.heard_s, first.shown) == ("person 1", 3.0, 0.0, {"joy": 1})
    assert first.unsure_share == pytest.approx(1.4 / 3.4)  # of 3.4 s with a cue, 1.4 s said "Not sure"
    assert second == PersonSummary(person="person 2", seen_s=0.0, heard_s=0.0, shown={"sadness": 1}, unsure_share=0.0)


def test_the_summary_names_people_times_and_cues_on_one_screen(record: SessionRecord) -> None:
    lines = summary_text(record).splitlines()
    assert lines[0] == "Session evening: clip.mp4, 0:06 min"
    assert lines[1] == "3 utterances and windows, 0 corrected, model starter"
    assert [line.split() for line in lines[2:]] == [
        ["person", "seen", "heard", "unsure", "shown"],
        ["not", "known", "0:00", "min", "0:01", "min", "-", "-"],
        ["person", "1", "0:03", "min", "0:00", "min", "41%", "joy", "1"],
        ["person", "2", "0:00", "min", "0:00", "min", "0%", "sadness", "1"],
    ]


def test_corrected_utterances_are_counted(record: SessionRecord) -> None:
    corrected = dataclasses.replace(record.utterances[0], label="fear", labeller="parent")
    text = summary_text(dataclasses.replace(record, utterances=(corrected, *record.utterances[1:])))
    assert "3 utterances and windows, 1 corrected" in text


def test_names_are_never_read_as_markup_and_lines_stay_within_the_width(record: SessionRecord) -> None:
    spans = tuple(dataclasses.replace(span, person="[bold red]Ann[/] " + "x" * 90) for span in record.timeline.spans)
    text = summary_text(dataclasses.replace(record, timeline=dataclasses.replace(record.timeline, spans=spans)), width=60)
    assert "[bold" in text
    assert max(map(len, text.splitlines())) <= 60


def test_a_session_of_nobody_says_so(record: SessionRecord) -> None:
    text = summary_text(dataclasses.replace(record, timeline=Timeline("clip.mp4", 6.0, ())))
    assert text.splitlines()[2] == "Nobody was seen or heard."
