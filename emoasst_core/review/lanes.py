"""A session as named tiers of labelled stretches that never overlap: what annotation programs work with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState, Source, TimelineSpan
from emoasst_core.store.clips import CANT_TELL, SOMETHING_ELSE
from emoasst_core.store.sessions import SessionRecord

PARENT_TIER: Final = "parent_label"
TIERS: Final = ("model_face", "model_voice", "fused", "shown_cue", PARENT_TIER, "transcript")
_TIER_OF_SOURCE: Final = {
    Source.FACE: "model_face",
    Source.VOICE: "model_voice",
    Source.FUSED: "fused",
    Source.SHOWN: "shown_cue",
}
ANSWER_WORDS: Final = {CANT_TELL: "can't tell", SOMETHING_ELSE: "something else"}
LEAST_S: Final = 0.001  # one millisecond: what these formats can still tell apart


@dataclass(frozen=True, slots=True)
class Annotation:
    """A stretch and what is said of it."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Tier:
    """One row of annotations by time; `person` is whom they are about, "" for nobody in particular."""

    name: str
    person: str
    annotations: tuple[Annotation, ...]


def tiers_of(record: SessionRecord, catalogue: Catalogue) -> tuple[Tier, ...]:
    """The six tiers; where several people were read a tier of each further person stands after the first's, as NAME@PERSON."""
    found: dict[tuple[str, str], list[Annotation]] = {}
    people = _by_time_read(record)
    first = people[0] if people else ""
    for span in record.timeline.spans:
        if span.source not in _TIER_OF_SOURCE:
            continue
        text = cue_words(span, catalogue) if span.source is Source.SHOWN else span.emotion
        person = "" if span.source is Source.SHOWN else span.person or first  # one cue at a time is on the screen
        found.setdefault((_TIER_OF_SOURCE[span.source], person), []).append(
            Annotation(span.start_s, span.end_s, text or span.state.value)
        )
    for row in record.utterances:
        if row.label:
            found.setdefault((PARENT_TIER, ""), []).append(
                Annotation(row.start_s, row.end_s, ANSWER_WORDS.get(row.label, row.label))
            )
        if row.text.strip():
            found.setdefault(("transcript", ""), []).append(Annotation(row.start_s, row.end_s, " ".join(row.text.split())))
    made = []
    for name in TIERS:
        read = sorted(
            (person for tier, person in found if tier == name), key=lambda one: people.index(one) if one in people else -1
        )
        for place, person in enumerate(read or [""]):
            label = name if place == 0 else f"{name}@{person}"
            made.append(Tier(label, person, apart(found.get((name, person), ()), record.duration_s)))
    return tuple(made)


def _by_time_read(record: SessionRecord) -> list[str]:
    """Everybody who was read, whoever was read longest first."""
    read_s: dict[str, float] = {}
    for span in record.timeline.spans:
        if span.person and span.source is not Source.SHOWN:
            read_s[span.person] = read_s.get(span.person, 0.0) + span.end_s - span.start_s
    return sorted(read_s, key=lambda person: (-read_s[person], person))


def cue_words(span: TimelineSpan, catalogue: Catalogue) -> str:
    """The words of a cue as the child saw them; one that names nothing was not sure."""
    is_named = span.emotion is not None or span.state not in (CueState.CLEAR, CueState.MAYBE)
    return catalogue.text(Cue(span.start_s, span.state if is_named else CueState.UNSURE, span.emotion))


def apart(annotations: Iterable[Annotation], duration_s: float) -> tuple[Annotation, ...]:
    """In order, within the session, each ending where the next begins at the latest; what is left without length goes."""
    kept: list[Annotation] = []
    for one in sorted(annotations, key=lambda one: (one.start_s, one.end_s)):
        start_s, end_s = max(0.0, one.start_s), min(one.end_s, duration_s)
        if kept and kept[-1].end_s > start_s:
            kept[-1] = replace(kept[-1], end_s=start_s)
            if kept[-1].end_s - kept[-1].start_s < LEAST_S:
                kept.pop()
        if end_s - start_s >= LEAST_S:
            kept.append(replace(one, start_s=start_s, end_s=end_s))
    return tuple(kept)
