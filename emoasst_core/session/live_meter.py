"""Latencies of a running session, from the moment a frame was taken to the moment what it led to is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from emoasst_core.datatypes import CueState, Source
from emoasst_core.session.events import CaptionHeard, CueChanged, FacesSeen, Predicted, SessionEvent, WordsHeard

NAMED_WITHIN_S = 8.0  # a change whose emotion is shown later than this, or never, counts as missed
LOST_WITHIN_S = 4.0


class LiveMeter:
    """Takes every event where it arrives and notes how late it is.

    Args:
        now_s: the session's clock.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.box_s: list[float] = []
        self.prediction_s: list[float] = []
        self.caption_s: list[float] = []
        self.partial_s: list[float] = []
        self.cues: list[tuple[float, CueState, str | None]] = []

    def take(self, event: SessionEvent) -> None:
        """Note one event."""
        now_s = self._now_s()
        if isinstance(event, FacesSeen):
            self.box_s.append(now_s - event.time_s)
        elif isinstance(event, Predicted) and event.prediction.source is Source.FACE:
            self.prediction_s.append(now_s - event.prediction.end_s)
        elif isinstance(event, WordsHeard) and event.transcript.words:
            self.caption_s.append(now_s - event.transcript.words[-1].end_s)
        elif isinstance(event, CaptionHeard) and not event.is_final:
            self.partial_s.append(now_s - event.end_s)
        elif isinstance(event, CueChanged):
            self.cues.append((now_s, event.cue.state, event.cue.emotion))

    def onset_to_cue(self, changes: Sequence[tuple[float, str | None]]) -> dict[str, Any]:
        """How long each known change took to its cue; changes too near to the end or to each other are left out.

        Args:
            changes: (time, emotion) from the reel; None for a face that goes.
        """
        named: list[float] = []
        lost: list[float] = []
        missed = 0
        for number, (onset_s, emotion) in enumerate(changes):
            limit_s = NAMED_WITHIN_S if emotion else LOST_WITHIN_S
            next_s = changes[number + 1][0] if number + 1 < len(changes) else self._now_s()
            if min(next_s, self._now_s()) - onset_s < 3.0:
                continue
            end_s = min(onset_s + limit_s, next_s)
            wanted = [
                time_s
                for time_s, state, shown in self.cues
                if onset_s < time_s <= end_s and (shown == emotion if emotion else state is CueState.CANT_SEE)
            ]
            if wanted:
                (named if emotion else lost).append(wanted[0] - onset_s)
            else:
                missed += 1
        return {"onset_to_cue_s": percentiles(named), "lost_to_no_face_s": percentiles(lost), "changes_not_shown": missed}

    def figures(self) -> dict[str, Any]:
        """Percentiles of every latency, in seconds."""
        return {
            "frame_to_box_s": percentiles(self.box_s),
            "frame_to_prediction_s": percentiles(self.prediction_s),
            "words_to_caption_s": percentiles(self.caption_s),
            "words_to_partial_caption_s": percentiles(self.partial_s),
        }


def percentiles(values: Sequence[float]) -> dict[str, float | int | None]:
    """n, p50, p95 and p99; None where nothing was measured."""
    if not values:
        return {"n": 0, "p50": None, "p95": None, "p99": None}
    p50, p95, p99 = (float(value) for value in np.percentile(values, (50, 95, 99)))
    return {"n": len(values), "p50": round(p50, 4), "p95": round(p95, 4), "p99": round(p99, 4)}
