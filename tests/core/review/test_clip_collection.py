from __future__ import annotations

import dataclasses

from emoasst_core.review.clip_collection import collect_clips
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import SessionRecord, save_session


def test_the_adult_who_opened_a_recording_stands_for_everybody_in_it(database: Database) -> None:
    clips = collect_clips(database, "evening")
    assert [clip.person for clip in clips] != []
    assert collect_clips(database, "evening") == clips  # picked once


def test_a_live_session_keeps_clips_of_known_people_who_agreed_and_of_nobody_else(
    database: Database, record: SessionRecord
) -> None:
    people = People(database)
    mum = people.add("Anna", "adult").person_id

    def live(session_id: str) -> SessionRecord:
        spans = tuple(dataclasses.replace(span, person=mum if span.person else "") for span in record.timeline.spans)
        rows = tuple(dataclasses.replace(row, person=mum) for row in record.utterances)
        timeline = dataclasses.replace(record.timeline, recording="", spans=spans)
        return dataclasses.replace(record, session_id=session_id, recording="", timeline=timeline, utterances=rows)

    for number, kinds in enumerate(((), ("live", "record"), ("live", "clips"))):
        for kind in kinds:
            people.grant(mum, kind)
        save_session(database, live(f"live {number}"))
        assert bool(collect_clips(database, f"live {number}")) == ("clips" in kinds)
    save_session(database, dataclasses.replace(record, session_id="strangers", recording=""))
    assert collect_clips(database, "strangers") == ()


def test_what_was_marked_while_it_ran_is_among_the_clips(database: Database, record: SessionRecord) -> None:
    first, second, nothing = record.utterances
    rows = (first, dataclasses.replace(second, start_s=60.0, end_s=61.0), nothing)
    for session_id, marks_s in (("unmarked", ()), ("marked", (1.2, 60.5))):
        marked = dataclasses.replace(record, session_id=session_id, duration_s=90.0, utterances=rows, marks_s=marks_s)
        save_session(database, marked)
    assert len(collect_clips(database, "unmarked")) == 1  # the check drawn at random
    assert [clip.utterance_number for clip in collect_clips(database, "marked")] == [1, 2]
