"""The cue policy: what, if anything, the child is shown.

Readings come in several times a second; cues go out a few times a minute. The rules are those of the table of live cues: an
emotion needs probability, margin, a majority of the last readings (failed ones counted) and time; doubt and absence need nothing.
An emotion is never kept once its evidence is gone. It belongs to one person: whoever takes their place has as long as a lost face
has until "no face" to be named, so that one person after another is one change and not two.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from emoasst_core.config import CueOptions
from emoasst_core.cues.reading_votes import ReadingVotes
from emoasst_core.cues.smoothing import ProbSmoother
from emoasst_core.datatypes import Cue, CueState, Vector
from emoasst_core.emotions import EMOTIONS, NEUTRAL

GUARDED = ("anger", "disgust", "fear")  # a false one of these does the most harm
MINUTE_S = 60.0
HARD_CAP = 10  # changes of any kind in a minute: naming, withdrawing, and telling what is in the way
QUIET_S = 1.0  # "No face" becomes "Not sure" only after this long: a face that comes and goes must not make the sign flicker
# A face on its way from one expression to the next passes through calm; naming that would block the next cue for seconds.
CALM_PATIENCE = 1.4
GUARDED_PATIENCE = 1.4
RISING_PATIENCE = 2.0  # a reading on its way from MAYBE to CLEAR is waited for: the weaker cue would block the stronger one
WEAKER_PATIENCE_S = 2.0  # "Looks happy" becomes "Maybe happy" only after this long: each change costs the next one its turn
REACH_S = 0.3  # "no face" is shown this much before `lost_s` has passed: the picture has to be taken, analysed and shown


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read at one moment.

    Attributes:
        probs: (num_emotions,) calibrated, or None where nothing could be read.
        absence: CANT_SEE or CANT_HEAR where `probs` is None.
        reason: what is in the way ("no face", "too dark", "too quiet"); "voice" where only a voice was read.
        is_conflict: face and voice each say something else with 0.5 or more.
        is_supported: the face is frontal, or the voice agrees; guarded emotions need it.
        is_fresh: what was seen changed just now, so that earlier readings say nothing about this one.
        is_strange: nothing like it is among that person's answered clips: it counts as a failed reading.
        last_read_s: where nothing could be read, when something last could; None for just now.
    """

    time_s: float
    probs: Vector | None
    absence: CueState | None = None
    reason: str = ""
    is_conflict: bool = False
    is_supported: bool = True
    is_fresh: bool = False
    is_strange: bool = False
    last_read_s: float | None = None


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
        self._votes = ReadingVotes(options.vote_s)
        self._namings: deque[float] = deque()  # of the last minute
        self._changes: deque[float] = deque()  # ... and every change of what is shown
        self._wanted: tuple[CueState, str | None] = (CueState.UNSURE, None)
        self._state_since_s = 0.0
        self._absent_since_s: float | None = None
        self._evidence_s = -1e9
        self._is_new_here = False  # nothing was shown of the one followed yet
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
        if reading.is_fresh:
            self._smoother.clear()
        probs = self._smoother.add(reading.time_s, reading.probs)
        self._reason = reading.reason
        if reading.is_conflict:
            self._votes.contradict(reading.time_s)
        elif reading.is_strange:
            self._votes.add(reading.time_s, None)
            if not self._votes.mostly_failed:
                return None  # one strange picture among familiar ones is passed over
        else:
            self._votes.add(reading.time_s, EMOTIONS[int(reading.probs.argmax())])
        says_nothing = reading.is_conflict or reading.is_strange
        state, emotion = judge(probs, self.options, says_nothing, reading.is_supported)
        if state is CueState.CLEAR and not self._votes.has_majority(emotion):
            state = CueState.MAYBE
        if (state, emotion) != self._wanted:
            self._wanted = (state, emotion)
            self._state_since_s = reading.time_s
        theirs = self._theirs
        if emotion is not None and theirs and emotion == theirs.emotion == self._votes.emotion:
            self._evidence_s = reading.time_s
        alone, _ = judge(reading.probs, self.options, False, reading.is_supported)
        return self._update(reading.time_s, is_rising=state is CueState.MAYBE and alone is CueState.CLEAR)

    def switch_person(self, person: str) -> None:
        """Follow somebody else from now on; nothing read of the one before may speak for them. The rates go on."""
        if person == self.person:
            return
        self.person, self._is_new_here = person, True
        self._smoother.clear()
        self._votes.clear()
        self._wanted = (CueState.UNSURE, None)
        self._absent_since_s = None

    def rename(self, person: str, name: str) -> None:
        """The person followed turned out to be somebody known; their readings go on."""
        if self.person == person:
            self.person = name
        if self.shown and self.shown.person == person:
            self.shown = replace(self.shown, person=name)

    @property
    def _theirs(self) -> Cue | None:
        """What is shown, unless it is the emotion of somebody who was followed before."""
        shown = self.shown
        return None if shown and shown.emotion is not None and shown.person != self.person else shown

    def _read_absence(self, reading: Reading) -> Cue | None:
        self._votes.add(reading.time_s, None)
        if self._absent_since_s is None:
            self._absent_since_s = reading.time_s if reading.last_read_s is None else reading.last_read_s
        unread_s = reading.time_s - self._absent_since_s
        if self.shown is not None and unread_s < max(0.0, self.options.lost_s - REACH_S) - 1e-6:
            return None
        self._smoother.clear()
        self._wanted = (CueState.UNSURE, None)
        state = reading.absence or CueState.CANT_SEE
        if self.shown and self.shown.state is state and self.shown.reason == reading.reason:
            return None
        shows_emotion = self.shown is not None and self.shown.emotion is not None
        if not shows_emotion and self._num_changes(reading.time_s) >= HARD_CAP:
            return None
        return self._show(Cue(reading.time_s, state, None, self.person, reading.reason))

    def _update(self, time_s: float, is_rising: bool) -> Cue | None:
        """Move from what is shown towards what is wanted, as far as the rates allow."""
        state, emotion = self._wanted
        shown, theirs = self.shown, self._theirs
        if theirs and (theirs.state, theirs.emotion) == (state, emotion):
            return None
        on_screen_s = time_s - shown.start_s if shown else 1e9
        if state is CueState.UNSURE:
            return self._doubt(time_s, on_screen_s)
        is_weaker = theirs is not None and theirs.emotion == emotion and state is CueState.MAYBE
        if is_weaker and time_s - self._state_since_s < WEAKER_PATIENCE_S:
            return None
        if not self._may_name(time_s, on_screen_s, is_rising):
            is_wrong = shown is not None and shown.emotion is not None and (theirs is None or shown.emotion != emotion)
            return self._doubt(time_s, on_screen_s) if is_wrong else None
        return self._show(Cue(time_s, state, emotion, self.person, self._reason))

    def _doubt(self, time_s: float, on_screen_s: float) -> Cue | None:
        """Withdraw an emotion that the readings no longer carry; allowed at any rate, after the shortest time on screen."""
        shown = self.shown
        if shown is None or shown.emotion is None:
            is_news = shown is None or (shown.state is not CueState.UNSURE and on_screen_s >= QUIET_S - 1e-6)
            if is_news and self._num_changes(time_s) < HARD_CAP:
                return self._show(Cue(time_s, CueState.UNSURE, None, self.person))
            return None
        unsupported_s = time_s - max(self._evidence_s, shown.start_s)
        if self._theirs is None:  # like a lost face; a moment longer where the next cue is coming, so that no doubt flashes by
            is_coming = self._wanted[1] is not None and self._wanted[1] == self._votes.emotion
            is_over = unsupported_s >= self.options.lost_s + (REACH_S if is_coming else 0.0) - 1e-6
            return self._show(Cue(time_s, CueState.UNSURE, None, self.person)) if is_over else None
        patience_s = min(self.options.vote_s, self.options.stale_s)
        if on_screen_s >= self.options.min_shown_s and unsupported_s >= patience_s:
            return self._show(Cue(time_s, CueState.UNSURE, None, self.person))
        return None

    def _may_name(self, time_s: float, on_screen_s: float, is_rising: bool) -> bool:
        options, emotion = self.options, self._wanted[1]
        while self._namings and time_s - self._namings[0] >= MINUTE_S:
            self._namings.popleft()
        hold_s = options.hold_s * (RISING_PATIENCE if is_rising else 1.0)
        if emotion == EMOTIONS[NEUTRAL] and not self._is_new_here:
            hold_s = max(hold_s, options.hold_s * CALM_PATIENCE)
        elif emotion in GUARDED:
            hold_s = max(hold_s, options.hold_s * GUARDED_PATIENCE)
        has_held = self._votes.held_s(time_s, emotion) >= hold_s - 1e-6 and not self._votes.mostly_failed
        # The same word for the next person changes a name at most, so it need not wait for its turn.
        keeps_word = self.shown is not None and self._theirs is None and self.shown.emotion == emotion
        is_rested = keeps_word or not self._namings or time_s - self._namings[-1] >= options.min_gap_s
        was_seen = keeps_word or self.shown is None or self.shown.emotion is None or on_screen_s >= options.min_shown_s
        has_room = self._num_changes(time_s) + 2 <= HARD_CAP  # what is named must be free to be withdrawn
        return has_held and is_rested and was_seen and has_room and len(self._namings) < options.max_per_minute

    def _num_changes(self, time_s: float) -> int:
        while self._changes and time_s - self._changes[0] >= MINUTE_S:
            self._changes.popleft()
        return len(self._changes)

    def _show(self, cue: Cue) -> Cue:
        self._changes.append(cue.start_s)
        self._is_new_here = False
        if cue.emotion is not None:
            self._namings.append(cue.start_s)
            self._evidence_s = cue.start_s
        self.shown = cue
        return cue

    def check_staleness(self, time_s: float) -> Cue | None:
        """Call when no reading has come for a while: an emotion without fresh evidence is taken away."""
        shown = self.shown
        if shown is None or shown.emotion is None:
            return None
        if time_s - self._evidence_s < min(self.options.stale_s, self.options.max_shown_s) - 1e-6:
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
