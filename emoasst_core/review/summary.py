"""One screen about one session: who was there, what was shown, how often the program was unsure."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from rich.console import Console
from rich.table import Table

from emoasst_core.datatypes import CueState, Source, Timeline, TimelineSpan
from emoasst_core.store.sessions import SessionRecord

COUNTED = (CueState.CLEAR, CueState.MAYBE, CueState.UNSURE)  # the program looked, and said something or nothing
NOBODY_NAMED = "not known"  # a voice without a face, or a cue about nobody in view


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """What a session holds about one person.

    Attributes:
        seen_s, heard_s: how long face or voice could be read.
        shown: {emotion: number of cues shown}, most often first.
        unsure_share: share of the time with a cue in which it said "Not sure"; None where no cue was shown.
    """

    person: str
    seen_s: float
    heard_s: float
    shown: Mapping[str, int]
    unsure_share: float | None


def summarize(timeline: Timeline) -> tuple[PersonSummary, ...]:
    """One entry per person of the timeline, by name; "" is nobody in particular."""
    persons = sorted({span.person for span in timeline.spans})
    return tuple(_person(name, [span for span in timeline.spans if span.person == name]) for name in persons)


def summary_text(record: SessionRecord, width: int = 80) -> str:
    """The summary as plain text of at most `width` columns."""
    table = Table(box=None, pad_edge=False)
    table.add_column("person")
    for heading in ("seen", "heard", "unsure"):
        table.add_column(heading, justify="right")
    table.add_column("shown")
    for person in summarize(record.timeline):
        if not (person.person or person.seen_s or person.heard_s or person.shown):
            continue  # only absences: nobody to report on
        unsure = "-" if person.unsure_share is None else f"{person.unsure_share:.0%}"
        shown = ", ".join(f"{emotion} {count}" for emotion, count in person.shown.items()) or "-"
        table.add_row(person.person or NOBODY_NAMED, _minutes(person.seen_s), _minutes(person.heard_s), unsure, shown)
    num_labelled = sum(utterance.label is not None for utterance in record.utterances)
    text = io.StringIO()
    console = Console(file=text, width=width, color_system=None, highlight=False, markup=False, emoji=False)
    console.print(f"Session {record.session_id}: {PurePath(record.recording).name}, {_minutes(record.duration_s)}")
    console.print(f"{len(record.utterances)} utterances and windows, {num_labelled} corrected, model {record.profile}")
    if table.row_count:
        console.print(table)
    else:
        console.print("Nobody was seen or heard.")
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def utterance_text(record: SessionRecord) -> str:
    """One line per utterance and window: its number, time, reading and words. The number is what a correction names."""
    lines = []
    for row in record.utterances:
        reading = row.label or (f"{'maybe ' if row.state is CueState.MAYBE else ''}{row.emotion}" if row.emotion else "not sure")
        words = f'  "{row.text}"' if row.text else ""
        lines.append(f"{row.number:5}  {row.start_s:7.1f} to {row.end_s:.1f} s  {reading}{words}")
    return "\n".join(["    N  time", *lines]) + "\n"


def _person(name: str, spans: list[TimelineSpan]) -> PersonSummary:
    shown = Counter(span.emotion for span in spans if span.source is Source.SHOWN and span.emotion is not None)
    shown_s, unsure_s = shown_seconds(spans)
    return PersonSummary(
        person=name,
        seen_s=_covered_s(span for span in spans if span.source is Source.FACE and span.state is not CueState.CANT_SEE),
        heard_s=_covered_s(span for span in spans if span.source is Source.VOICE and span.state is not CueState.CANT_HEAR),
        shown=dict(shown.most_common()),
        unsure_share=unsure_s / shown_s if shown_s else None,
    )


def shown_seconds(spans: Iterable[TimelineSpan]) -> tuple[float, float]:
    """Seconds in which a cue was shown, and those of them in which it said "Not sure"."""
    cues = [span for span in spans if span.source is Source.SHOWN and span.state in COUNTED]
    return _covered_s(cues), _covered_s(span for span in cues if span.state is CueState.UNSURE)


def _covered_s(spans: Iterable[TimelineSpan]) -> float:
    """Length of the union of the spans, in seconds: overlapping windows count once."""
    covered_s, reached_s = 0.0, float("-inf")
    for span in sorted(spans, key=lambda span: span.start_s):
        covered_s += max(0.0, span.end_s - max(span.start_s, reached_s))
        reached_s = max(reached_s, span.end_s)
    return covered_s


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min"
