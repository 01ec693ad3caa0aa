"""Every rule of the cue table, checked by an oracle of its own against whatever readings hypothesis invents."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emoasst_core.config import CueOptions
from emoasst_core.cues.policy import HARD_CAP, CuePolicy, Reading
from emoasst_core.cues.smoothing import QUICKEST_SHARE
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS

NEEDED = {"joy": 0.60, "anger": 0.80, "disgust": 0.80, "fear": 0.80}
GUARDED = ("anger", "disgust", "fear")
STALE_S, LOST_S, VOTE_S, HOLD_S, MIN_SHOWN_S = 3.0, 1.0, 1.2, 0.6, 2.0
CHECK_S = 0.2
ABSENCES = (CueState.CANT_SEE, CueState.CANT_HEAR)


@dataclass(frozen=True)
class Shown:
    cue: Cue
    reading: Reading | None
    readings: tuple[Reading, ...]


def probs(emotion: int, top: float, second: float) -> np.ndarray:
    values = np.full(len(EMOTIONS), (1 - top) * (1 - second) / (len(EMOTIONS) - 2), np.float32)
    values[emotion], values[(emotion + 1) % len(EMOTIONS)] = top, (1 - top) * second
    return values


@st.composite
def readings(draw) -> list[Reading]:
    """Stretches that agree, flicker, drop out, contradict themselves or come slowly, one after the other."""
    time_s, last_read_s, made = 0.0, None, []
    for _ in range(draw(st.integers(3, 14))):
        kind = draw(
            st.sampled_from(["steady", "steady", "flicker", "dropouts", "absent", "conflict", "strange", "sparse", "silent"])
        )
        first, other = draw(st.integers(0, 6)), draw(st.integers(0, 6))
        top, share = draw(st.floats(0.2, 0.999)), draw(st.floats(0.0, 1.0))
        is_supported, step_s = draw(st.booleans()), draw(st.sampled_from([0.07, 0.1, 0.13, 0.25, 0.4]))
        period = draw(st.integers(1, 9))
        step_s = 0.9 if kind == "sparse" else step_s
        end_s = time_s + draw(st.floats(0.2, 14.0))
        number = 0
        while time_s < end_s and kind != "silent":
            time_s, number = time_s + step_s, number + 1
            is_absent = kind == "absent" or (kind == "dropouts" and number % (period + 1) != 0)
            if is_absent:
                made.append(Reading(time_s, None, CueState.CANT_SEE, "no face", last_read_s=last_read_s))
                continue
            emotion = other if kind == "flicker" and number // period % 2 else first
            last_read_s = time_s
            made.append(
                Reading(
                    time_s,
                    probs(emotion, top, share),
                    is_conflict=kind == "conflict" and number % period == 0,
                    is_strange=kind == "strange" and number % (period + 1) != 0,
                    is_supported=is_supported,
                    is_fresh=kind == "flicker" and number % period == 0,
                )
            )
        time_s = max(time_s, end_s)
    return made


def play(options: CueOptions, made: list[Reading]) -> tuple[list[Shown], list[tuple[float, Cue | None]]]:
    """Every change with what led to it, and what stood on screen after every reading and check."""
    policy, shown, screen = CuePolicy(options), [], []
    time_s = 0.0
    for number, reading in enumerate(made):
        while time_s + CHECK_S < reading.time_s:
            time_s += CHECK_S
            if cue := policy.check_staleness(time_s):
                shown.append(Shown(cue, None, tuple(made[:number])))
            screen.append((time_s, policy.shown))
        time_s = reading.time_s
        if cue := policy.read(reading):
            shown.append(Shown(cue, reading, tuple(made[: number + 1])))
        screen.append((time_s, policy.shown))
    return shown, screen


def smoothed(options: CueOptions, past: tuple[Reading, ...], since_s: float) -> np.ndarray:
    """The average as it would stand if nothing before `since_s` had been read."""
    value, time_s = None, 0.0
    for reading in past:
        if reading.probs is None or reading.time_s < since_s:
            continue
        if value is None or reading.is_fresh:
            value = reading.probs.astype(np.float64)
        else:
            order = np.sort(reading.probs)
            constant_s = options.smoothing_s * max(QUICKEST_SHARE, 1 - float(order[-1] - order[-2]))
            kept = math.exp(-(reading.time_s - time_s) / constant_s)
            value = kept * value + (1 - kept) * reading.probs
        time_s = reading.time_s
    assert value is not None
    return value


def forgotten_until(past: tuple[Reading, ...], shown: list[Shown], before: Shown) -> float:
    """When an absence or a silence last made the policy forget: the time of that cue."""
    cleared = [
        one.cue.start_s
        for one in shown
        if one.cue.start_s < before.cue.start_s and (one.cue.state in ABSENCES or one.cue.reason == "no news")
    ]
    unread = [one for one in past if one.probs is None]
    lost = [one.time_s for one in unread if one.last_read_s is None or one.time_s - one.last_read_s >= LOST_S]
    return max([-1.0, *cleared, *lost])


def name(reading: Reading) -> str | None:
    return None if reading.probs is None or reading.is_strange else EMOTIONS[int(reading.probs.argmax())]


def check_naming(options: CueOptions, one: Shown, shown: list[Shown]) -> None:
    cue, reading = one.cue, one.reading
    assert reading is not None and reading.probs is not None and not reading.is_conflict and not reading.is_strange
    hold = [past for past in one.readings if past.time_s >= cue.start_s - HOLD_S + 1e-6]
    assert all(name(past) in (cue.emotion, None) and not past.is_conflict for past in hold)
    assert any(name(past) == cue.emotion and past.time_s <= cue.start_s - HOLD_S + 1e-6 for past in one.readings)
    average = smoothed(options, one.readings, forgotten_until(one.readings, shown, one))
    order = np.sort(average)
    top, margin = order[-1], order[-1] - order[-2]
    assert EMOTIONS[int(average.argmax())] == cue.emotion
    if cue.state is CueState.MAYBE:
        assert top >= 0.50 - 1e-5 and margin >= 0.10 - 1e-5
        return
    assert cue.state is CueState.CLEAR
    assert top >= NEEDED.get(str(cue.emotion), 0.70) - 1e-5 and margin >= 0.25 - 1e-5
    assert cue.emotion not in GUARDED or reading.is_supported
    votes = [past for past in one.readings if past.time_s >= cue.start_s - VOTE_S]
    assert 2 * sum(name(past) == cue.emotion for past in votes) > len(votes)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(readings())
def test_what_is_named_meets_every_condition_of_its_state(made: list[Reading]):
    options = CueOptions()
    shown, _ = play(options, made)
    for one in shown:
        if one.cue.emotion is not None:
            check_naming(options, one, shown)
        else:
            assert one.cue.state in (CueState.UNSURE, *ABSENCES)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(readings(), st.sampled_from([CueOptions(), CueOptions.calm()]))
def test_rates_and_times_on_screen_hold(made: list[Reading], options: CueOptions):
    shown, _ = play(options, made)
    cues = [one.cue for one in shown]
    named = [cue.start_s for cue in cues if cue.emotion is not None]
    assert all(later - earlier >= options.min_gap_s - 1e-6 for earlier, later in pairwise(named))
    for time_s in named:
        assert sum(time_s - 60 < other <= time_s for other in named) <= options.max_per_minute
    for cue in cues:
        assert sum(cue.start_s - 60 < other.start_s <= cue.start_s for other in cues) <= HARD_CAP
    for earlier, later in pairwise(cues):
        if earlier.emotion is not None and later.state not in ABSENCES and later.reason != "no news":
            assert later.start_s - earlier.start_s >= MIN_SHOWN_S - 1e-6


@settings(max_examples=50, deadline=None, derandomize=True)
@given(readings())
def test_an_emotion_never_outlives_its_evidence(made: list[Reading]):
    _, screen = play(CueOptions(), made)
    for time_s, cue in screen:
        if cue is None or cue.emotion is None:
            continue
        agreeing = [one.time_s for one in made if one.time_s <= time_s and name(one) == cue.emotion]
        assert agreeing and time_s - agreeing[-1] <= STALE_S + CHECK_S
        past = [one for one in made if one.time_s <= time_s]
        if past[-1].probs is None and past[-1].time_s == time_s:
            assert time_s - max(one.time_s for one in past if one.probs is not None) < LOST_S
