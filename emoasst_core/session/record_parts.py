"""Joins what several model processes found of one session, when one of them died on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from emoasst_core.session.events import CueChanged, LevelHeard, Predicted, ProgressMade, SessionEvent

if TYPE_CHECKING:
    from emoasst_core.store.sessions import SessionRecord


def joined(parts: Sequence[SessionRecord]) -> SessionRecord:
    """One record of all parts, in order; each part begins where the one before it was last heard of.

    The first part gives the session its id; utterances are numbered on.
    """
    whole = parts[0]
    for part in parts[1:]:
        seam_s = whole.duration_s
        spans = tuple(replace(span, start_s=max(span.start_s, seam_s)) for span in part.timeline.spans if span.end_s > seam_s)
        words = tuple(word for word in part.timeline.words if word.end_s > seam_s)
        later = [row for row in part.utterances if row.end_s > seam_s]
        utterances = tuple(
            replace(row, number=number, start_s=max(row.start_s, seam_s))
            for number, row in enumerate(later, len(whole.utterances) + 1)
        )
        timeline = replace(
            whole.timeline,
            duration_s=max(seam_s, part.duration_s),
            spans=whole.timeline.spans + spans,
            words=whole.timeline.words + words,
            words_model=whole.timeline.words_model or part.timeline.words_model,
        )
        whole = replace(whole, duration_s=timeline.duration_s, timeline=timeline, utterances=whole.utterances + utterances)
    return whole


def is_news(event: SessionEvent, resumed_s: float) -> bool:
    """Whether to pass on what a pipeline says.

    Progress and loudness are told by the capture side. A pipeline opened in mid-session first runs through the time before
    it, in which it saw nothing: that is no news either.
    """
    if isinstance(event, ProgressMade | LevelHeard):
        return False
    if isinstance(event, CueChanged):
        return event.cue.start_s >= resumed_s
    if isinstance(event, Predicted):
        return event.prediction.end_s >= resumed_s
    return True
