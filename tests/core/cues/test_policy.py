"""The rules of the cue table, on designed and on adversarial readings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from emoasst_core.config import CueOptions
from emoasst_core.cues.policy import CuePolicy, Reading, judge
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS

STEP_S = 0.4


def probs(emotion: str, top: float) -> np.ndarray:
    values = np.full(len(EMOTIONS), (1 - top) / (len(EMOTIONS) - 1), np.float32)
    values[EMOTIONS.index(emotion)] = top
    return values


def play(policy: CuePolicy, readings: list[tuple[float, np.ndarray | None]]) -> list[Cue]:
    cues = []
    for time_s, values in readings:
        cue = policy.read(Reading(time_s, values, None if values is not None else CueState.CANT_SEE, "no face"))
        if cue:
            cues.append(cue)
    return cues


def steady(emotion: str, top: float, start_s: float, end_s: float) -> list[tuple[float, np.ndarray | None]]:
    return [(float(time_s), probs(emotion, top)) for time_s in np.arange(start_s, end_s, STEP_S)]


def absent(start_s: float, end_s: float) -> list[tuple[float, np.ndarray | None]]:
    return [(float(time_s), None) for time_s in np.arange(start_s, end_s, STEP_S)]


def test_a_steady_smile_is_shown_clear_within_a_second_and_a_half():
    cues = play(CuePolicy(CueOptions()), steady("joy", 0.9, 0, 5))
    shown = [cue for cue in cues if cue.emotion == "joy"]
    assert shown[0].state is CueState.CLEAR
    assert shown[0].start_s <= 1.5


@pytest.mark.parametrize("emotion", ["anger", "disgust", "fear"])
def test_guarded_emotions_need_more_than_others(emotion: str):
    assert judge(probs(emotion, 0.75), CueOptions(), False, True)[0] is CueState.MAYBE
    assert judge(probs(emotion, 0.85), CueOptions(), False, True)[0] is CueState.CLEAR
    assert judge(probs(emotion, 0.85), CueOptions(), False, False)[0] is CueState.MAYBE
    assert judge(probs("sadness", 0.75), CueOptions(), False, False)[0] is CueState.CLEAR


def test_a_conflict_of_face_and_voice_is_never_named():
    assert judge(probs("joy", 0.99), CueOptions(), True, True) == (CueState.UNSURE, None)


def test_low_probability_is_unsure():
    assert judge(probs("joy", 0.45), CueOptions(), False, True) == (CueState.UNSURE, None)


def test_a_lost_face_takes_the_emotion_away_within_a_second():
    policy = CuePolicy(CueOptions())
    cues = play(policy, steady("joy", 0.95, 0, 4) + absent(4, 8))
    gone = [cue for cue in cues if cue.state is CueState.CANT_SEE]
    assert gone
    assert gone[0].start_s <= 5.0 + 1e-6
    assert policy.shown is not None
    assert policy.shown.emotion is None


def test_an_emotion_from_before_a_gap_does_not_colour_what_comes_after():
    policy = CuePolicy(CueOptions())
    cues = play(policy, steady("joy", 0.95, 0, 4) + absent(4, 8) + steady("sadness", 0.9, 8, 14))
    assert [cue.emotion for cue in cues if cue.start_s > 8 and cue.emotion] == ["sadness"]


def test_silence_of_the_source_takes_an_emotion_away_after_three_seconds():
    policy = CuePolicy(CueOptions())
    play(policy, steady("joy", 0.95, 0, 4))
    assert policy.check_staleness(5.0) is None
    cue = policy.check_staleness(6.8)
    assert cue is not None
    assert cue.state is CueState.UNSURE


def test_failed_readings_count_against_a_majority():
    policy = CuePolicy(CueOptions(lost_s=5.0))
    readings: list[tuple[float, np.ndarray | None]] = []
    for index in range(30):  # two of three readings fail
        readings.append((index * STEP_S, probs("anger", 0.95) if index % 3 == 0 else None))
    assert not [cue for cue in play(policy, readings) if cue.state is CueState.CLEAR]


def test_another_person_starts_without_the_cue_of_the_one_before():
    policy = CuePolicy(CueOptions(), "person 1")
    play(policy, steady("joy", 0.95, 0, 4))
    policy.switch_person("person 2")
    cues = play(policy, steady("sadness", 0.9, 4, 10))
    assert all(cue.person == "person 2" for cue in cues)
    assert [cue.emotion for cue in cues if cue.emotion][-1] == "sadness"


def adversarial(seed: int) -> list[tuple[float, np.ndarray | None]]:
    """Flicker, dropouts, jumps of certainty and of time."""
    rng = np.random.default_rng(seed)
    time_s, readings = 0.0, []
    sharpness = rng.choice([0.05, 0.2, 1.0])
    while time_s < 180:
        time_s += float(rng.uniform(0.05, 0.7))
        mode = rng.random()
        if mode < 0.15:
            readings.append((time_s, None))
        elif mode < 0.6:
            readings.append((time_s, rng.dirichlet(np.full(7, sharpness)).astype(np.float32)))
        else:
            readings.append((time_s, probs(EMOTIONS[int(time_s // 4) % 7], 0.97)))
    return readings


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("options", [CueOptions(), CueOptions.calm()], ids=["standard", "calm"])
def test_no_rule_of_rate_or_time_is_broken_by_any_input(seed: int, options: CueOptions):
    readings = adversarial(seed)
    cues = play(CuePolicy(options), readings)
    named = [cue.start_s for cue in cues if cue.emotion is not None]
    assert all(later - earlier >= options.min_gap_s - 1e-6 for earlier, later in pairwise(named))
    for time_s in named:
        assert sum(time_s - 60 < other <= time_s for other in named) <= options.max_per_minute
    for earlier, later in pairwise(cues):
        on_screen_s = later.start_s - earlier.start_s
        if earlier.emotion is not None and later.state is not CueState.CANT_SEE:
            assert on_screen_s >= options.min_shown_s - 1e-6
    for cue in cues:
        assert (cue.emotion is None) == (cue.state in (CueState.UNSURE, CueState.CANT_SEE, CueState.CANT_HEAR))


@pytest.mark.parametrize("seed", range(20))
def test_an_emotion_is_never_shown_past_a_second_without_a_face(seed: int):
    options = CueOptions()
    policy = CuePolicy(options)
    last_seen_s = 0.0
    for time_s, values in adversarial(seed):
        policy.read(Reading(time_s, values, None if values is not None else CueState.CANT_SEE, "no face"))
        last_seen_s = time_s if values is not None else last_seen_s
        if policy.shown and policy.shown.emotion is not None and values is None:
            assert time_s - last_seen_s < 2 * options.lost_s


def test_a_short_doubt_does_not_weaken_a_cue_and_a_long_one_does():
    policy = CuePolicy(CueOptions())
    play(policy, steady("joy", 0.95, 0, 4))
    assert not play(policy, steady("joy", 0.55, 4, 5.2))
    cues = play(policy, steady("joy", 0.55, 5.2, 9))
    assert [(cue.state, cue.emotion) for cue in cues] == [(CueState.MAYBE, "joy")]


def test_a_passing_calm_does_not_take_the_next_emotions_turn():
    policy = CuePolicy(CueOptions())
    play(policy, steady("sadness", 0.9, 0, 5))
    cues = play(policy, steady("neutral", 0.9, 5, 5.8) + steady("surprise", 0.95, 5.8, 9))
    named = [cue for cue in cues if cue.emotion is not None]
    assert named[0].emotion == "surprise"
    assert named[0].start_s <= 5.8 + 1.6


def test_a_face_unlike_all_answered_clips_is_not_named_and_one_such_picture_is_passed_over():
    def cues_of(strange_every: int) -> list[Cue]:
        policy = CuePolicy(CueOptions())
        times = np.arange(0.0, 4.0, 0.1)
        readings = [
            Reading(float(time_s), probs("joy", 0.95), is_strange=number % strange_every == 0)
            for number, time_s in enumerate(times)
        ]
        return [cue for reading in readings if (cue := policy.read(reading))]

    assert [cue.state for cue in cues_of(strange_every=1)] == [CueState.UNSURE]
    assert cues_of(strange_every=10)[-1].state is CueState.CLEAR
    assert cues_of(strange_every=10)[-1].emotion == "joy"


def test_an_emotion_is_withdrawn_when_what_is_seen_becomes_strange():
    policy = CuePolicy(CueOptions())
    cues = []
    for number in range(80):
        reading = Reading(number / 10, probs("joy", 0.95), is_strange=number >= 30)
        cues += [cue for cue in [policy.read(reading)] if cue]
    assert [cue.state for cue in cues] == [CueState.CLEAR, CueState.UNSURE]
    assert 3.0 <= cues[1].start_s <= 3.0 + 2 * CueOptions().vote_s
