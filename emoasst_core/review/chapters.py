"""Chapters of at most six minutes: a long session is looked at in parts, each of which begins where nobody speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from emoasst_core.datatypes import Source
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.utterances import UtteranceRow

MOST_S = 360.0
LOOK_BACK = 0.5  # a break is looked for in the last half of a chapter


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of a session; `emotion` is the cue shown longest in it, if any was."""

    number: int
    start_s: float
    end_s: float
    emotion: str | None = None


def chapters(record: SessionRecord) -> tuple[Chapter, ...]:
    """The chapters of a session, without gaps; one where it is short enough."""
    edges = [0.0]
    while record.duration_s - edges[-1] > MOST_S:
        edges.append(_break_after(edges[-1], record.utterances))
    edges.append(record.duration_s)
    return tuple(
        Chapter(number, start_s, end_s, _shown_longest(record, start_s, end_s))
        for number, (start_s, end_s) in enumerate(pairwise(edges), 1)
    )


def _break_after(start_s: float, utterances: Sequence[UtteranceRow]) -> float:
    """The longest pause between two utterances in the last half of a full chapter, else its very end."""
    first_s, last_s = start_s + LOOK_BACK * MOST_S, start_s + MOST_S
    pauses = [
        (later.start_s - earlier.end_s, later.start_s)
        for earlier, later in pairwise(utterances)
        if first_s < later.start_s <= last_s and later.start_s > earlier.end_s
    ]
    return max(pauses)[1] if pauses else last_s


def _shown_longest(record: SessionRecord, start_s: float, end_s: float) -> str | None:
    lasted: dict[str, float] = {}
    for span in record.timeline.spans:
        if span.source is Source.SHOWN and span.emotion is not None:
            overlap_s = min(span.end_s, end_s) - max(span.start_s, start_s)
            if overlap_s > 0:
                lasted[span.emotion] = lasted.get(span.emotion, 0.0) + overlap_s
    return max(lasted, key=lambda name: lasted[name], default=None)
