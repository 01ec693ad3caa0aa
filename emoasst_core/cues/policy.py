"""The cue policy: what, if anything, the child is shown.

Readings come in several times a second; cues go out a few times a minute. The rules are those of the table of live cues: an
emotion needs probability, margin, a majority of the last readings (failed ones counted) and time; doubt and absence need nothing.
An emotion is never kept once its evidence is gone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from emoasst_core.config import CueOptions
from emoasst_core.cues.smoothing import ProbSmoother
from emoasst_core.datatypes import Cue, CueState, Vector
from emoasst_core.emotions import EMOTIONS

GUARDED = ("anger", "disgust", "fear")  # a false one of these does the most harm
MINUTE_S = 60.0
# A face on its way from one expression to the next passes through calm; naming that would block the next cue for seconds.
CALM_PATIENCE = 2.0
WEAKER_PATIENCE_S = 2.0  # "Looks happy" becomes "Maybe happy" only after this long: each change costs the next one its turn


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read at one moment.

    Attributes:
        probs: (num_emotions,) calibrated, or None where nothing could be read.
        absence: CANT_SEE or CANT_HEAR where `probs` is None.
        reason: what is in the way ("no face", "too dark", "too quiet"); "voice" where only a voice was read.
        is_conflict: face and voice each say something else with 0.5 or more.
        is_supported: the face is frontal, or the voice agrees; guarded emotions need it.
    """

    time_s: float
    probs: Vector | None
    absence: CueState | None = None
    reason: str = ""
    is_conflict: bool = False
    is_supported: bool = True


class CuePolicy:
    """Turns the readings of one person into cues.

    Args:
        options: thresholds and rates.
        person: whose readings these are.
    """

    def __init__(self, options: CueOptions, person: str = "") -> None:
        self.options = options
        self.person = person
        self._smoother = ProbSmoother(options.smoothing_s)
        self._votes: deque[tuple[float, str | None]] = deque()
        self._changes: deque[float] = deque()
        self._wanted: tuple[CueState, str | None] = (CueState.UNSURE, None)
        self._wanted_since_s = 0.0
        self._state_since_s = 0.0
        self._absent_since_s: float | None = None
        self._evidence_s = -1e9
        self._reason = ""
        self.shown: Cue | None = None

    def read(self, reading: Reading) -> Cue | None:
        """Take in one reading.

        Returns:
            The new cue if what is shown changes now, else None.
        """
        if reading.probs is None:
            return self._read_absence(reading)
        self._absent_since_s = None
        probs = self._smoother.add(reading.time_s, reading.probs)
        self._reason = reading.reason
        self._vote(reading.time_s, EMOTIONS[int(reading.probs.argmax())])
        state, emotion = judge(probs, self.options, reading.is_conflict, reading.is_supported)
        if state is CueState.CLEAR and not self._has_majority(emotion):
            state = CueState.MAYBE
        if (state, emotion) != self._wanted:
            same_emotion = emotion is not None and emotion == self._wanted[1]
            self._wanted = (state, emotion)
            self._state_since_s = reading.time_s
            if not same_emotion:
                self._wanted_since_s = reading.time_s
        shown_emotion = self.shown.emotion if self.shown else None
        if emotion is not None and emotion == shown_emotion:
            self._evidence_s = reading.time_s
        return self._update(reading.time_s)

    def switch_person(self, person: str) -> None:
        """Follow somebody else from now on; nothing read of the one before may speak for them. The rates go on."""
        if person == self.person:
            return
        self.person = person
        self._smoother.clear()
        self._votes.clear()
        self._wanted = (CueState.UNSURE, None)
        if self.shown and self.shown.emotion is not None:
            self._evidence_s = -1e9

    def _read_absence(self, reading: Reading) -> Cue | None:
        self._vote(reading.time_s, None)
        if self._absent_since_s is None:
            self._absent_since_s = reading.time_s
        unread_s = reading.time_s - self._absent_since_s
        nothing_yet = self.shown is None
        if not nothing_yet and unread_s < self.options.lost_s - 0.5 * self._reading_gap_s():
            return None
        self._smoother.clear()
        self._wanted = (CueState.UNSURE, None)
        self._wanted_since_s = reading.time_s
        state = reading.absence or CueState.CANT_SEE
        if self.shown and self.shown.state is state and self.shown.reason == reading.reason:
            return None
        return self._show(Cue(reading.time_s, state, None, self.person, reading.reason))

    def _update(self, time_s: float) -> Cue | None:
        """Move from what is shown towards what is wanted, as far as the rates allow."""
        state, emotion = self._wanted
        shown = self.shown
        if shown and (shown.state, shown.emotion) == (state, emotion):
            return None
        on_screen_s = time_s - shown.start_s if shown else 1e9
        if state is CueState.UNSURE:
            return self._doubt(time_s, on_screen_s)
        is_weaker = shown is not None and shown.emotion == emotion and state is CueState.MAYBE
        if is_weaker and time_s - self._state_since_s < WEAKER_PATIENCE_S:
            return None
        if not self._may_name(time_s, on_screen_s):
            is_wrong = shown is not None and shown.emotion is not None and shown.emotion != emotion
            return self._doubt(time_s, on_screen_s) if is_wrong else None
        return self._show(Cue(time_s, state, emotion, self.person, self._reason))

    def _doubt(self, time_s: float, on_screen_s: float) -> Cue | None:
        """Withdraw an emotion that the readings no longer carry; allowed at any rate, after the shortest time on screen."""
        shown = self.shown
        if shown is None or shown.emotion is None:
            if shown is None or shown.state is not CueState.UNSURE:
                return self._show(Cue(time_s, CueState.UNSURE, None, self.person))
            return None
        unsupported_s = time_s - max(self._evidence_s, shown.start_s)
        patience_s = min(self.options.vote_s, self.options.stale_s)
        if on_screen_s >= self.options.min_shown_s and unsupported_s >= patience_s:
            return self._show(Cue(time_s, CueState.UNSURE, None, self.person))
        return None

    def _may_name(self, time_s: float, on_screen_s: float) -> bool:
        options = self.options
        while self._changes and time_s - self._changes[0] >= MINUTE_S:
            self._changes.popleft()
        hold_s = options.hold_s * (CALM_PATIENCE if self._wanted[1] == EMOTIONS[0] else 1.0)
        has_held = time_s - self._wanted_since_s >= hold_s - 1e-6
        is_rested = not self._changes or time_s - self._changes[-1] >= options.min_gap_s
        was_seen = self.shown is None or self.shown.emotion is None or on_screen_s >= options.min_shown_s
        return has_held and is_rested and was_seen and len(self._changes) < options.max_per_minute

    def _show(self, cue: Cue) -> Cue:
        if cue.emotion is not None:
            self._changes.append(cue.start_s)
            self._evidence_s = cue.start_s
        self.shown = cue
        return cue

    def _vote(self, time_s: float, emotion: str | None) -> None:
        self._votes.append((time_s, emotion))
        while self._votes and time_s - self._votes[0][0] > self.options.vote_s:
            self._votes.popleft()

    def _has_majority(self, emotion: str | None) -> bool:
        return sum(vote == emotion for _, vote in self._votes) * 2 > len(self._votes)

    def _reading_gap_s(self) -> float:
        """Time between the last two readings: an absence is dated from the first failed one, half a gap after it began."""
        return self._votes[-1][0] - self._votes[-2][0] if len(self._votes) > 1 else 0.0

    def check_staleness(self, time_s: float) -> Cue | None:
        """Call when no reading has come for a while: an emotion without fresh evidence is taken away."""
        shown = self.shown
        if shown is None or shown.emotion is None or not self._votes:
            return None
        if time_s - self._votes[-1][0] < min(self.options.stale_s, self.options.max_shown_s):
            return None
        self._smoother.clear()
        return self._show(Cue(time_s, CueState.UNSURE, None, self.person, "no news"))


def judge(probs: Vector, options: CueOptions, is_conflict: bool, is_supported: bool) -> tuple[CueState, str | None]:
    """CLEAR, MAYBE or UNSURE for one smoothed reading, by probability and margin alone.

    Args:
        probs: (num_emotions,) calibrated and smoothed.

    Returns:
        The state, and the emotion unless UNSURE.
    """
    order = np.argsort(probs)
    emotion = EMOTIONS[int(order[-1])]
    top, margin = float(probs[order[-1]]), float(probs[order[-1]] - probs[order[-2]])
    if is_conflict:
        return CueState.UNSURE, None
    needed = options.clear_prob
    if emotion == "joy":
        needed = options.joy_prob
    elif emotion in GUARDED:
        needed = max(options.negative_prob, options.clear_prob)
    is_allowed = is_supported or emotion not in GUARDED
    if top >= needed and margin >= options.clear_margin and is_allowed:
        return CueState.CLEAR, emotion
    if top >= options.maybe_prob and margin >= options.maybe_margin:
        return CueState.MAYBE, emotion
    return CueState.UNSURE, None
