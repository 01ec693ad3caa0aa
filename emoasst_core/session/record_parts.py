"""Joins what was found of one session: the pieces that a model process hands over, and what several of them found.

A session of an hour has thousands of rows. The model process hands them over when they can change no more, and here they wait
packed, so that neither process grows much with the length of a session.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from emoasst_core.session.events import CueChanged, LevelHeard, Predicted, ProgressMade, SessionEvent
from emoasst_core.session.timeline_builder import in_order

if TYPE_CHECKING:
    from emoasst_core.store.sessions import SessionRecord

PACKING: Final = 6


class RecordKeeper:
    """What the model processes of one session have told of it so far. Use from one thread at a time."""

    def __init__(self) -> None:
        self._parts: list[SessionRecord] = []  # of processes that died
        self._settled: list[bytes] = []
        self._rest: SessionRecord | None = None

    def take(self, rest: SessionRecord, settled: bytes | None = None) -> None:
        """Keep what is told: `rest` in place of the one before, `settled` beside all before."""
        self._rest = rest
        if settled is not None:
            self._settled.append(settled)

    def worker_lost(self) -> None:
        """The process died; what is told from now on is of another one."""
        if self._rest is not None:
            self._parts.append(gathered([unpacked(part) for part in self._settled], self._rest))
        self._rest = None
        self._settled.clear()

    def whole(self) -> SessionRecord | None:
        """All of it; None where nothing was told."""
        last = [] if self._rest is None else [gathered([unpacked(part) for part in self._settled], self._rest)]
        parts = [*self._parts, *last]
        return joined(parts) if parts else None


def packed(record: SessionRecord) -> bytes:
    """A record in a fifth of its memory or less."""
    return zlib.compress(pickle.dumps(record, pickle.HIGHEST_PROTOCOL), PACKING)


def unpacked(part: bytes) -> SessionRecord:
    """What `packed` made, by this program's own model process."""
    record: SessionRecord = pickle.loads(zlib.decompress(part))
    return record


def gathered(settled: Sequence[SessionRecord], rest: SessionRecord) -> SessionRecord:
    """What one model process handed over, put together."""
    if not settled:
        return rest
    pieces = [*settled, rest]
    timeline = replace(
        rest.timeline,
        spans=in_order(span for piece in pieces for span in piece.timeline.spans),
        words=tuple(sorted((word for piece in pieces for word in piece.timeline.words), key=lambda word: word.start_s)),
    )
    return replace(rest, timeline=timeline, utterances=tuple(row for piece in pieces for row in piece.utterances))


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
