"""One person takes the place of another: what was shown of the first is neither kept for the second nor withdrawn in haste."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from emoasst_core.config import CueOptions
from emoasst_core.cues.policy import HARD_CAP, MINUTE_S, REACH_S, CuePolicy, Reading
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS

STEP_S = 0.1
MUM, DAD = "mum", "dad"


def probs(emotion: str, top: float) -> np.ndarray:
    values = np.full(len(EMOTIONS), (1 - top) / (len(EMOTIONS) - 1), np.float32)
    values[EMOTIONS.index(emotion)] = top
    return values


def follow(policy: CuePolicy, person: str, emotion: str, top: float, start_s: float, end_s: float) -> list[Cue]:
    policy.switch_person(person)
    times = np.arange(start_s, end_s, STEP_S)
    return [cue for time_s in times if (cue := policy.read(Reading(float(time_s), probs(emotion, top))))]


@pytest.mark.parametrize("emotion", ["sadness", "neutral", "surprise"])
def test_a_handover_is_one_change_where_the_next_face_is_plain(emotion: str):
    policy = CuePolicy(CueOptions())
    follow(policy, MUM, "joy", 0.95, 0, 5)
    cues = follow(policy, DAD, emotion, 0.95, 5, 8)
    assert [(cue.emotion, cue.person) for cue in cues] == [(emotion, DAD)]
    assert cues[0].start_s <= 5 + CueOptions().hold_s + STEP_S


def test_a_doubtful_newcomer_takes_the_emotion_away_as_soon_as_a_lost_face_would():
    policy = CuePolicy(CueOptions())
    follow(policy, MUM, "joy", 0.95, 0, 5)
    cues = follow(policy, DAD, "sadness", 0.3, 5, 8)
    assert [(cue.state, cue.emotion, cue.person) for cue in cues] == [(CueState.UNSURE, None, DAD)]
    assert cues[0].start_s <= 5 + CueOptions().lost_s


def test_a_newcomer_read_late_is_named_without_a_flash_of_doubt():
    policy = CuePolicy(CueOptions())
    follow(policy, MUM, "joy", 0.95, 0, 5)
    assert not follow(policy, DAD, "surprise", 0.3, 5, 5.4)
    cues = follow(policy, DAD, "sadness", 0.95, 5.4, 8)
    assert [(cue.emotion, cue.person) for cue in cues] == [("sadness", DAD)]


def test_the_same_smile_is_named_again_for_the_next_person_though_it_is_not_its_turn():
    policy = CuePolicy(CueOptions())
    first = follow(policy, MUM, "joy", 0.95, 0, 1.5)[0]
    cues = follow(policy, DAD, "joy", 0.95, 1.5, 4)
    assert [(cue.emotion, cue.person) for cue in cues] == [("joy", DAD)]
    assert cues[0].start_s - first.start_s < CueOptions().min_gap_s


def test_another_emotion_waits_for_its_turn_in_doubt():
    policy = CuePolicy(CueOptions())
    follow(policy, MUM, "joy", 0.95, 0, 1.5)
    cues = follow(policy, DAD, "sadness", 0.95, 1.5, 6)
    assert [(cue.state, cue.emotion) for cue in cues] == [(CueState.UNSURE, None), (CueState.CLEAR, "sadness")]


def test_who_comes_back_at_once_finds_their_own_cue():
    policy = CuePolicy(CueOptions())
    follow(policy, MUM, "joy", 0.95, 0, 5)
    assert not follow(policy, DAD, "sadness", 0.95, 5, 5.3)
    assert not follow(policy, MUM, "joy", 0.95, 5.3, 9)


def test_a_person_found_to_be_known_keeps_the_cue_under_their_name():
    policy = CuePolicy(CueOptions())
    follow(policy, "person 7", "joy", 0.95, 0, 5)
    policy.rename("person 7", MUM)
    assert not follow(policy, MUM, "joy", 0.95, 5, 9)
    assert policy.shown is not None
    assert policy.shown.person == MUM


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("options", [CueOptions(), CueOptions.calm()], ids=["standard", "calm"])
def test_no_handover_breaks_a_rule_or_leaves_a_cue_with_the_wrong_person(seed: int, options: CueOptions):
    rng = np.random.default_rng(seed)
    policy, cues, time_s = CuePolicy(options), [], 0.0
    read_s: dict[str, float] = {}
    while time_s < 200:
        person, emotion = str(rng.choice(["mum", "dad", "gran"])), str(rng.choice(EMOTIONS))
        top, end_s = float(rng.choice([0.3, 0.6, 0.95])), time_s + float(rng.choice([0.2, 1.0, 4.0, 15.0]))
        policy.switch_person(person)
        while time_s < end_s:
            time_s += float(rng.uniform(0.05, 0.4))
            is_read = rng.random() < 0.9
            reading = Reading(time_s, probs(emotion, top) if is_read else None, None if is_read else CueState.CANT_SEE)
            if cue := policy.read(reading):
                assert cue.person == person
                cues.append(cue)
            read_s[person] = time_s if is_read else read_s.get(person, time_s)
            shown = policy.shown
            if is_read and shown is not None and shown.emotion is not None and shown.person != person:
                assert time_s - max(read_s[shown.person], shown.start_s) < options.lost_s + REACH_S
    named = [cue for cue in cues if cue.emotion is not None]
    assert len(named) > 5
    for earlier, later in pairwise(named):
        assert later.start_s - earlier.start_s >= options.min_gap_s - 1e-6 or later.emotion == earlier.emotion
    for cue in cues:
        before = [other for other in cues if cue.start_s - MINUTE_S < other.start_s <= cue.start_s]
        assert sum(other.emotion is not None for other in before) <= options.max_per_minute
        assert len(before) <= HARD_CAP
