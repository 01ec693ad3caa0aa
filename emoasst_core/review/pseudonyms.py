"""Names kept out of what leaves the computer: people become Person A, Person B, and files lose their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from emoasst_core.store.sessions import SessionRecord

PARENT = "parent"
HIDDEN_RECORDING = "recording"


def pseudonyms(record: SessionRecord) -> dict[str, str]:
    """{person: "Person A"}, in the order in which they first appear; nobody in particular stays nobody.

    What was said is not changed: a name spoken aloud stays in the transcript.
    """
    people: list[str] = []
    for person in [*(span.person for span in record.timeline.spans), *(row.person for row in record.utterances)]:
        if person and person not in people:
            people.append(person)
    adults = sorted({row.labeller for row in record.utterances if row.labeller and row.labeller != PARENT})
    return {person: f"Person {letters(place)}" for place, person in enumerate(people)} | {
        adult: f"Adult {letters(place)}" for place, adult in enumerate(adults)
    }


def letters(place: int) -> str:
    """A, B, ... Z, AA, AB, ...

    >>> [letters(place) for place in (0, 25, 26, 27)]
    ['A', 'Z', 'AA', 'AB']
    """
    return (letters(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def renamed(record: SessionRecord, names: Mapping[str, str], hides_recording: bool = True) -> SessionRecord:
    """The record with people called by other names; who is not in `names` keeps what they are called.

    Args:
        hides_recording: leave out the name of the file, which often tells who is in it.
    """
    recording = HIDDEN_RECORDING if hides_recording and record.recording else record.recording
    spans = tuple(replace(span, person=names.get(span.person, span.person)) for span in record.timeline.spans)
    rows = tuple(
        replace(row, person=names.get(row.person, row.person), labeller=names.get(row.labeller, row.labeller))
        for row in record.utterances
    )
    timeline = replace(record.timeline, recording=recording, spans=spans)
    return replace(record, recording=recording, timeline=timeline, utterances=rows)
