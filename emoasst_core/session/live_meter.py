"""Latencies of a running session, from the moment a frame was taken to the moment what it led to is told."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from emoasst_core.config import CueOptions
from emoasst_core.cues.policy import HARD_CAP, MINUTE_S
from emoasst_core.datatypes import CueState, Source
from emoasst_core.session.events import CaptionHeard, CueChanged, FacesSeen, Predicted, SessionEvent, WordsHeard

NAMED_WITHIN_S = 8.0  # a change whose emotion is shown later than this, or never, counts as missed
LOST_WITHIN_S = 4.0
APART_S = 3.0  # changes nearer to each other than this are left out


class LiveMeter:
    """Takes every event where it arrives and notes how late it is.

    Args:
        now_s: the session's clock.
        options: the rates of the cue policy; a change that they hold back is counted apart.
    """

    def __init__(self, now_s: Callable[[], float], options: CueOptions | None = None) -> None:
        self._now_s = now_s
        self._options = options or CueOptions()
        self.box_s = array("f")  # packed: what measures a session's memory must not fill it
        self.prediction_s = array("f")
        self.caption_s = array("f")
        self.partial_s = array("f")
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

        Counted apart: changes that could not be told at once because the rates of the cue table allowed no further cue, and
        "changes" to what was on screen already.

        Args:
            changes: (time, emotion) from the reel; None for a face that goes.
        """
        named: list[float] = []
        lost: list[float] = []
        missed = held = known = 0
        for number, (onset_s, emotion) in enumerate(changes):
            next_s = changes[number + 1][0] if number + 1 < len(changes) else self._now_s()
            if min(next_s, self._now_s()) - onset_s < APART_S:
                continue
            if emotion and self._shown_at(onset_s) == emotion:
                known += 1
                continue
            found_s = self._named_at(onset_s, min(onset_s + (NAMED_WITHIN_S if emotion else LOST_WITHIN_S), next_s), emotion)
            if self._is_held(onset_s, emotion):
                held += 1
            elif found_s is None:
                missed += 1
            else:
                (named if emotion else lost).append(found_s - onset_s)
        return {
            "onset_to_cue_s": percentiles(named),
            "lost_to_no_face_s": percentiles(lost),
            "changes_not_shown": missed,
            "changes_held_by_rates": held,
            "changes_shown_already": known,
        }

    def _named_at(self, start_s: float, end_s: float, emotion: str | None) -> float | None:
        for time_s, state, shown in self.cues:
            if start_s < time_s <= end_s and (shown == emotion if emotion else state is CueState.CANT_SEE):
                return time_s
        return None

    def _shown_at(self, time_s: float) -> str | None:
        return next((shown for cue_s, _, shown in reversed(self.cues) if cue_s <= time_s), None)

    def _is_held(self, onset_s: float, emotion: str | None) -> bool:
        if emotion:
            return self._allowed_from_s(onset_s) - onset_s > self._options.hold_s
        if self._shown_at(onset_s) is not None:
            return False  # an emotion is taken away at any rate
        shown = [time_s for time_s, _, _ in self.cues if time_s <= onset_s]
        return len(shown) >= HARD_CAP and shown[-HARD_CAP] + MINUTE_S - onset_s > self._options.lost_s

    def _allowed_from_s(self, onset_s: float) -> float:
        """When the rates of the policy let the next emotion be named, by what was shown until the onset."""
        options = self._options
        shown = [(time_s, emotion) for time_s, _, emotion in self.cues if onset_s - MINUTE_S < time_s <= onset_s]
        namings = [time_s for time_s, emotion in shown if emotion is not None]
        free_s = [onset_s]
        if namings:
            free_s.append(namings[-1] + options.min_gap_s)
        if len(namings) >= options.max_per_minute:
            free_s.append(namings[-options.max_per_minute] + MINUTE_S)
        if len(shown) + 2 > HARD_CAP:
            free_s.append(shown[-(HARD_CAP - 1)][0] + MINUTE_S)
        return max(free_s)

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
