from dataclasses import dataclass

from emoasst_core.session.rate_governor import LOWEST_HZ, RateGovernor


@dataclass
class Counts:
    frames_offered: int = 0
    frames_dropped: int = 0
    sound_waiting: int = 0


def run(governor, able_hz, from_s, to_s, counts, sound_waiting=0):
    """A machine that can analyse `able_hz` frames a second; the rates it was told, in order."""
    told = []
    for second in range(from_s, to_s):
        counts.frames_offered += round(governor.rate_hz)
        counts.frames_dropped += max(0, round(governor.rate_hz - able_hz))
        counts.sound_waiting = sound_waiting
        if governor.look(float(second), counts):
            told.append(governor.rate_hz)
    return told


def test_a_machine_that_keeps_up_is_left_alone():
    governor = RateGovernor(10.0)
    assert run(governor, 20.0, 0, 60, Counts()) == []
    assert governor.rate_hz == 10.0 and not governor.is_slow


def test_a_slow_machine_gets_fewer_frames_until_it_keeps_up_and_no_fewer():
    governor, counts = RateGovernor(10.0), Counts()
    told = run(governor, 4.0, 0, 20, counts)
    assert governor.is_slow and told[0] == 7.0
    assert 2.0 < governor.rate_hz <= 5.0


def test_a_machine_that_is_quick_again_gets_the_full_rate_back():
    governor, counts = RateGovernor(10.0), Counts()
    run(governor, 4.0, 0, 20, counts)
    told = run(governor, 20.0, 20, 200, counts)
    assert told[-1] == 10.0 and not governor.is_slow
    assert told == sorted(told)


def test_tries_of_a_quicker_rate_become_rarer_when_they_fail():
    governor, counts = RateGovernor(10.0), Counts()
    run(governor, 4.0, 0, 20, counts)
    early = run(governor, 4.0, 20, 140, counts)
    late = run(governor, 4.0, 140, 260, counts)
    assert len(late) < len(early)


def test_waiting_sound_lowers_the_rate_too_and_never_below_one_a_second():
    governor, counts = RateGovernor(10.0), Counts()
    run(governor, 20.0, 0, 60, counts, sound_waiting=40)
    assert governor.rate_hz == LOWEST_HZ
