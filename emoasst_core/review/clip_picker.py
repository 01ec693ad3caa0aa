"""Chooses the few clips of a session that a parent is asked about: a pure function over the session's saved rows.

The figures are judgements of the design, kept here in one place so that they can be tuned on measurements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emoasst_core.datatypes import Shot, Source
from emoasst_core.review.clip_moments import (
    Moment,
    Trigger,
    asked,
    clear_negatives,
    close_calls,
    conflicts,
    flips,
    unfamiliar,
)
from emoasst_core.store.clips import Clip
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.utterances import UtteranceRow

BEFORE_S = 2.0  # of what led up to it
LEAST_S, MOST_S = 4.0, 8.0
SPACING_S = 20.0  # between the starts of two clips
NUM_SAVED, NUM_SHOWN = 12, 8
NEAR_S = 2.0  # an utterance this far from the moment can still stand for it
RANK = {trigger: rank for rank, trigger in enumerate(Trigger)}
AUDITS = (Trigger.AUDIT_RANDOM, Trigger.AUDIT_NEGATIVE)


@dataclass(frozen=True, slots=True)
class _Candidate:
    clip: Clip
    moment: Moment
    emotion: str


def pick_clips(
    record: SessionRecord,
    marks_s: Sequence[float] = (),
    shots: Sequence[Shot] = (),
    may_keep: Callable[[str], bool] = lambda _person: True,
    seed: int | None = None,
) -> tuple[Clip, ...]:
    """At most `NUM_SAVED` clips, `NUM_SHOWN` of them to be asked first, in time order.

    Two are there to check the rest by: one utterance drawn at random from all that can be answered, before anything else
    is chosen, and one clear cue of an unpleasant feeling. The others are taken one by one from those a trigger named:
    each time the emotion, then the person, that has the fewest clips so far.

    Args:
        record: the session, with its id and its utterances' embeddings.
        marks_s: the moments marked with "?".
        shots: the family's cache for these encoders.
        may_keep: whether clips of a person may be kept; asked for everyone whose face is in the clip.
        seed: of the random clip; None draws it from the session's id, so that the same session gives the same clips.
    """
    answerable = [row for row in record.utterances if row.embeddings]
    rng = np.random.default_rng(list(record.session_id.encode()) if seed is None else seed)
    candidates = [
        candidate
        for moment in _moments(record, marks_s, shots)
        if (candidate := _candidate(record, moment, answerable, may_keep)) is not None
    ]
    picked = _audits(record, answerable, may_keep, rng)
    while candidates and len(picked) < NUM_SAVED:
        candidates = [candidate for candidate in candidates if _has_room(candidate, picked)]
        if not candidates:
            break
        best = min(candidates, key=lambda candidate: _order(candidate, picked))
        picked.append(best)
        candidates.remove(best)
    clips = [replace(candidate.clip, is_shown=place < NUM_SHOWN) for place, candidate in enumerate(picked)]
    return tuple(sorted(clips, key=lambda clip: clip.start_s))


def _moments(record: SessionRecord, marks_s: Sequence[float], shots: Sequence[Shot]) -> Iterable[Moment]:
    spans = record.timeline.spans
    yield from asked(marks_s)
    yield from conflicts(spans)
    yield from close_calls(spans)
    yield from flips(spans)
    yield from unfamiliar(record.utterances, shots)


def _audits(
    record: SessionRecord, answerable: Sequence[UtteranceRow], may_keep: Callable[[str], bool], rng: np.random.Generator
) -> list[_Candidate]:
    """The two clips that no trigger chose."""
    drawn: list[_Candidate] = []
    anything = [Moment(row.start_s, row.end_s, Trigger.AUDIT_RANDOM, 1.0, row.person) for row in answerable]
    for moments in (anything, clear_negatives(record.timeline.spans)):
        allowed = [
            candidate
            for moment in moments
            if (candidate := _candidate(record, moment, answerable, may_keep)) is not None
            and all(candidate.clip.utterance_number != other.clip.utterance_number for other in drawn)
        ]
        if allowed:
            drawn.append(allowed[int(rng.integers(len(allowed)))])
    return drawn


def _candidate(
    record: SessionRecord, moment: Moment, answerable: Sequence[UtteranceRow], may_keep: Callable[[str], bool]
) -> _Candidate | None:
    """The clip for a moment; None where nothing can be learned from it or somebody in it did not agree."""
    rows = [row for row in answerable if not moment.person or row.person in ("", moment.person)]
    row = min(rows, key=lambda row: _distance(row, moment), default=None)
    if row is None or _distance(row, moment)[0] > NEAR_S:
        return None
    start_s, end_s = _stretch(max(moment.start_s, row.start_s), min(moment.end_s, row.end_s), record.duration_s)
    in_view = {
        span.person
        for span in record.timeline.spans
        if span.source is Source.FACE and span.person and span.start_s < end_s and span.end_s > start_s
    }
    if end_s <= start_s or not all(may_keep(person) for person in in_view | {row.person}):
        return None
    emotion = max(row.probs, key=lambda name: row.probs[name], default="")
    return _Candidate(Clip(record.session_id, row.number, start_s, end_s, row.person, moment.trigger.value), moment, emotion)


def _stretch(from_s: float, to_s: float, duration_s: float) -> tuple[float, float]:
    """4 to 8 seconds that begin 2 s before the moment, moved back where the session ends."""
    start_s = max(0.0, from_s - BEFORE_S)
    length_s = min(max(to_s + 1.0 - start_s, LEAST_S), MOST_S)
    end_s = min(start_s + length_s, duration_s)
    return max(0.0, min(start_s, end_s - LEAST_S)), end_s


def _distance(row: UtteranceRow, moment: Moment) -> tuple[float, float]:
    """Seconds between an utterance and a moment, then how little they overlap."""
    overlap_s = min(row.end_s, moment.end_s) - max(row.start_s, moment.start_s)
    return max(0.0, -overlap_s), -overlap_s


def _has_room(candidate: _Candidate, picked: Sequence[_Candidate]) -> bool:
    """Whether it is far enough from those taken; what somebody asked about need not be far from the two checks."""
    for other in picked:
        if candidate.clip.utterance_number == other.clip.utterance_number:
            return False
        is_beside_check = candidate.moment.trigger is Trigger.ASKED and other.moment.trigger in AUDITS
        if abs(candidate.clip.start_s - other.clip.start_s) < SPACING_S and not is_beside_check:
            return False
    return True


def _order(candidate: _Candidate, picked: Sequence[_Candidate]) -> tuple[bool, int, int, int, float, float]:
    """What was asked about first; then the emotion and the person with the fewest clips; then the most telling trigger."""
    emotions = Counter(other.emotion for other in picked)
    people = Counter(other.clip.person for other in picked)
    return (
        candidate.moment.trigger is not Trigger.ASKED,
        emotions[candidate.emotion],
        people[candidate.clip.person],
        RANK[candidate.moment.trigger],
        -candidate.moment.strength,
        candidate.clip.start_s,
    )
