"""The moments of a session that are worth asking about: each trigger is one function over the saved rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from emoasst_core.classifier.familiarity import Familiarity
from emoasst_core.datatypes import CueState, Shot, Source, TimelineSpan
from emoasst_core.store.utterances import UtteranceRow

CLOSE_MARGIN = 0.15  # the two likeliest are nearer than this ...
CLOSE_PROB = 0.35  # ... and mean something ...
CLOSE_S = 1.0  # ... for this long
CONFLICT_PROB = 0.50  # face and voice differ, each at least this sure
NUM_FLIPS = 3  # changes of the likeliest emotion ...
FLIP_WINDOW_S = 5.0  # ... within this time
FLIP_GAP_S = 1.0  # readings further apart than this do not follow each other
NEGATIVES = frozenset({"anger", "disgust", "fear", "sadness"})
READ_SOURCES = (Source.FACE, Source.VOICE, Source.FUSED)


class Trigger(str, Enum):
    """Why a clip was picked, the most telling first."""

    ASKED = "asked"
    CONFLICT = "conflict"
    CLOSE = "close"
    FLIPS = "flips"
    UNFAMILIAR = "unfamiliar"
    AUDIT_RANDOM = "audit_random"
    AUDIT_NEGATIVE = "audit_negative"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something happened here. `person` is "" where it concerns nobody in particular; `strength` is 0 to 1."""

    start_s: float
    end_s: float
    trigger: Trigger
    strength: float
    person: str = ""


def close_calls(spans: Sequence[TimelineSpan]) -> Iterator[Moment]:
    """Stretches of a second or more in which two emotions were about equally likely."""
    for span in spans:
        if span.source not in READ_SOURCES or len(span.probs) < 2 or span.end_s - span.start_s < CLOSE_S:
            continue
        top, second = sorted(span.probs.values())[:-3:-1]
        if top - second < CLOSE_MARGIN and top >= CLOSE_PROB:
            yield Moment(span.start_s, span.end_s, Trigger.CLOSE, 1 - (top - second) / CLOSE_MARGIN, span.person)


def conflicts(spans: Sequence[TimelineSpan]) -> Iterator[Moment]:
    """Stretches in which the face said one thing and the voice another, both with some certainty."""
    faces = [span for span in spans if span.source is Source.FACE and _top(span)[1] >= CONFLICT_PROB]
    voices = [span for span in spans if span.source is Source.VOICE and _top(span)[1] >= CONFLICT_PROB]
    for voice in voices:
        for face in faces:
            start_s, end_s = max(face.start_s, voice.start_s), min(face.end_s, voice.end_s)
            is_same = not voice.person or voice.person == face.person
            if start_s < end_s and is_same and _top(face)[0] != _top(voice)[0]:
                yield Moment(start_s, end_s, Trigger.CONFLICT, min(_top(face)[1], _top(voice)[1]), face.person)


def flips(spans: Sequence[TimelineSpan]) -> Iterator[Moment]:
    """Stretches in which the likeliest emotion of a face changed three times or more within five seconds."""
    for person in sorted({span.person for span in spans if span.source is Source.FACE}):
        lane = sorted(
            (span for span in spans if span.source is Source.FACE and span.person == person and span.probs),
            key=lambda span: span.start_s,
        )
        changes = [
            later.start_s
            for earlier, later in pairwise(lane)
            if _top(earlier)[0] != _top(later)[0] and later.start_s - earlier.end_s <= FLIP_GAP_S
        ]
        for first, last in zip(changes, changes[NUM_FLIPS - 1 :], strict=False):
            if last - first <= FLIP_WINDOW_S:
                yield Moment(first, last, Trigger.FLIPS, 1 - (last - first) / (2 * FLIP_WINDOW_S), person)


def asked(marks_s: Sequence[float]) -> Iterator[Moment]:
    """The moments at which somebody pressed "?"; what they wonder about is the second before."""
    for time_s in marks_s:
        yield Moment(max(0.0, time_s - 1.0), time_s, Trigger.ASKED, 1.0)


def unfamiliar(utterances: Sequence[UtteranceRow], shots: Sequence[Shot]) -> Iterator[Moment]:
    """Utterances of a kind that nobody has spoken about yet, by the rule that keeps them from being named: `Familiarity`."""
    known = Familiarity(shots)
    for row in utterances:
        lack = known.lack(row.embeddings, row.person)
        if lack > 0:
            yield Moment(row.start_s, row.end_s, Trigger.UNFAMILIAR, min(1.0, lack), row.person)


def clear_negatives(spans: Sequence[TimelineSpan]) -> list[Moment]:
    """The stretches in which a clear cue named an unpleasant feeling: a wrong one would weigh most."""
    return [
        Moment(span.start_s, span.end_s, Trigger.AUDIT_NEGATIVE, 1.0, span.person)
        for span in spans
        if span.source is Source.SHOWN and span.state is CueState.CLEAR and span.emotion in NEGATIVES
    ]


def _top(span: TimelineSpan) -> tuple[str, float]:
    """The likeliest emotion and its probability; nothing at 0 where nothing was read."""
    return max(span.probs.items(), key=lambda item: item[1], default=("", 0.0))
