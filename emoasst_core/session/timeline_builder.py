"""Readings as they come, joined into the spans of a timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from emoasst_core.config import CueOptions
from emoasst_core.cues.policy import judge
from emoasst_core.datatypes import Cue, CueState, Source, TimelineSpan, Utterance, Vector
from emoasst_core.emotions import EMOTIONS

SHORTEST_S = 0.001  # times are written to the millisecond


@dataclass(slots=True)
class _OpenSpan:
    start_s: float
    end_s: float
    person: str
    source: Source
    state: CueState
    emotion: str | None
    weighted_probs: Vector | None
    weight_s: float

    def closed(self) -> TimelineSpan:
        probs = as_mapping(self.weighted_probs / self.weight_s) if self.weighted_probs is not None else {}
        return TimelineSpan(self.start_s, self.end_s, self.person, self.source, self.state, self.emotion, probs)


class TimelineBuilder:
    """Joins neighbouring readings of one lane and person that say the same.

    Args:
        options: thresholds that turn probabilities into CLEAR, MAYBE or UNSURE.
        join_gap_s: readings further apart than this stay apart.
    """

    def __init__(self, options: CueOptions, join_gap_s: float) -> None:
        self._options = options
        self._join_gap_s = join_gap_s
        self._spans: list[_OpenSpan] = []
        self._last: dict[tuple[Source, str], _OpenSpan] = {}
        self._cues: list[Cue] = []

    def add_reading(
        self, source: Source, start_s: float, end_s: float, person: str, probs: Vector
    ) -> tuple[CueState, str | None]:
        """Add calibrated probabilities; returns the state and emotion they amount to."""
        state, emotion = self.judge(probs)
        self._add(_OpenSpan(start_s, end_s, person, source, state, emotion, probs * (end_s - start_s), end_s - start_s))
        return state, emotion

    def judge(self, probs: Vector) -> tuple[CueState, str | None]:
        """The state and emotion that calibrated probabilities amount to on their own."""
        return judge(probs, self._options, is_conflict=False, is_supported=True)

    def add_absence(self, source: Source, start_s: float, end_s: float, state: CueState, person: str = "") -> None:
        """Add a stretch in which nothing could be read."""
        self._add(_OpenSpan(start_s, end_s, person, source, state, None, None, end_s - start_s))

    def add_cue(self, cue: Cue) -> None:
        """Add a change of what is shown."""
        self._cues.append(cue)

    def _add(self, span: _OpenSpan) -> None:
        lane = (span.source, span.person)
        last = self._last.get(lane)
        if last is not None and span.end_s - span.start_s < SHORTEST_S:
            return  # the sliver that rounding leaves at the end of a step: it says nothing of its own
        says_same = last is not None and (last.state, last.emotion) == (span.state, span.emotion)
        if last is None or not says_same or span.start_s - last.end_s > self._join_gap_s:
            self._spans.append(span)
            self._last[lane] = span
            return
        last.end_s = max(last.end_s, span.end_s)
        last.weight_s += span.weight_s
        if last.weighted_probs is not None and span.weighted_probs is not None:
            last.weighted_probs = last.weighted_probs + span.weighted_probs

    def settle(self, before_s: float) -> tuple[TimelineSpan, ...]:
        """Hand over what can change no more, and forget it: `spans` is without it from now on.

        Args:
            before_s: readings that ended before this are joined with no later one.
        """
        for lane in [lane for lane, span in self._last.items() if span.end_s < before_s]:
            del self._last[lane]
        going_on = {id(span) for span in self._last.values()}
        settled = [span.closed() for span in self._spans if id(span) not in going_on] + self._shown(0.0)
        self._spans = [span for span in self._spans if id(span) in going_on]
        self._cues = self._cues[-1:]
        return tuple(settled)

    def spans(self, duration_s: float, fused: Iterable[tuple[Utterance, Vector]] = ()) -> tuple[TimelineSpan, ...]:
        """Everything so far that was not handed over, by start time; the last cue lasts until `duration_s`.

        Args:
            fused: the classified utterances and windows with their present readings, one span each.
        """
        closed = [span.closed() for span in self._spans] + self._shown(duration_s) + self.joint(fused)
        return in_order(closed)

    def joint(self, fused: Iterable[tuple[Utterance, Vector]]) -> list[TimelineSpan]:
        """The spans of classified utterances and windows."""
        return [
            TimelineSpan(u.start_s, u.end_s, u.person, Source.FUSED, *self.judge(probs), as_mapping(probs)) for u, probs in fused
        ]

    def _shown(self, duration_s: float) -> list[TimelineSpan]:
        """What was shown; the last cue lasts until `duration_s`, and has no span where that is before it."""
        ends_s = [*(later.start_s for later in self._cues[1:]), duration_s]
        return [
            TimelineSpan(cue.start_s, end_s, cue.person, Source.SHOWN, cue.state, cue.emotion)
            for cue, end_s in zip(self._cues, ends_s, strict=False)
            if end_s > cue.start_s
        ]


def in_order(spans: Iterable[TimelineSpan]) -> tuple[TimelineSpan, ...]:
    """As a timeline lists them."""
    return tuple(sorted(spans, key=lambda span: (span.start_s, span.source.value)))


def as_mapping(probs: Vector) -> dict[str, float]:
    """(num_emotions,) -> {emotion: probability}."""
    return {name: float(prob) for name, prob in zip(EMOTIONS, np.asarray(probs), strict=True)}
