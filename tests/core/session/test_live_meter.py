import numpy as np
import pytest

from emoasst_core.datatypes import Cue, CueState, Prediction, Source
from emoasst_core.session.events import CueChanged, FacesSeen, Predicted
from emoasst_core.session.live_meter import LiveMeter, percentiles


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def shown(clock, meter, time_s, state, emotion=None):
    clock.now_s = time_s
    meter.take(CueChanged(Cue(time_s, state, emotion)))


def test_latencies_count_from_the_frame_to_its_arrival():
    clock = Clock()
    meter = LiveMeter(clock)
    clock.now_s = 1.25
    meter.take(FacesSeen(1.0, ()))
    meter.take(Predicted(Prediction(0.9, 1.0, Source.FACE, np.full(7, 1 / 7, np.float32))))
    assert meter.figures()["frame_to_box_s"] == {"n": 1, "p50": 0.25, "p95": 0.25, "p99": 0.25}
    assert meter.figures()["frame_to_prediction_s"]["p50"] == 0.25


def test_each_change_is_paired_with_its_own_cue_and_those_without_are_counted():
    clock = Clock()
    meter = LiveMeter(clock)
    shown(clock, meter, 10.9, CueState.CLEAR, "joy")
    shown(clock, meter, 21.0, CueState.CLEAR, "joy")
    shown(clock, meter, 30.7, CueState.CANT_SEE)
    clock.now_s = 40.0
    figures = meter.onset_to_cue([(10.0, "joy"), (20.0, "sadness"), (30.0, None)])
    assert figures["onset_to_cue_s"]["n"] == 1 and figures["onset_to_cue_s"]["p50"] == pytest.approx(0.9)
    assert figures["lost_to_no_face_s"]["p50"] == pytest.approx(0.7)
    assert figures["changes_not_shown"] == 1


def test_nothing_measured_is_said_as_nothing():
    assert percentiles([]) == {"n": 0, "p50": None, "p95": None, "p99": None}


def test_a_change_that_the_rates_hold_back_is_counted_apart_and_so_is_what_stands_on_screen_already():
    clock = Clock()
    meter = LiveMeter(clock)
    for number in range(6):
        shown(clock, meter, 10.0 * number, CueState.CLEAR, "joy" if number % 2 else "sadness")
    clock.now_s = 90.0
    changes = [(53.0, "joy"), (57.0, "neutral"), (62.0, "sadness")]
    figures = meter.onset_to_cue(changes)
    assert figures["changes_shown_already"] == 1  # joy since 50 s
    assert figures["changes_held_by_rates"] == 1  # the sixth naming of the minute leaves room at 60 s
    assert figures["changes_not_shown"] == 1 and figures["onset_to_cue_s"]["n"] == 0


def test_a_change_right_after_a_cue_waits_for_the_shortest_gap():
    clock = Clock()
    meter = LiveMeter(clock)
    shown(clock, meter, 10.0, CueState.CLEAR, "joy")
    shown(clock, meter, 13.0, CueState.CLEAR, "sadness")
    clock.now_s = 30.0
    assert meter.onset_to_cue([(11.0, "sadness")])["changes_held_by_rates"] == 1
    assert meter.onset_to_cue([(12.5, "sadness")])["onset_to_cue_s"]["n"] == 1


def test_no_face_is_held_back_only_by_the_cap_of_all_changes_and_never_while_an_emotion_stands_there():
    clock = Clock()
    meter = LiveMeter(clock)
    for number in range(10):
        shown(clock, meter, 3.0 * number, CueState.UNSURE if number % 2 else CueState.CLEAR, None if number % 2 else "joy")
    clock.now_s = 90.0
    assert meter.onset_to_cue([(40.0, None)])["changes_held_by_rates"] == 1
    assert meter.onset_to_cue([(70.0, None)]) == meter.onset_to_cue([(70.0, None)]) | {
        "changes_held_by_rates": 0,
        "changes_not_shown": 1,
    }
    shown(clock, meter, 80.0, CueState.CLEAR, "joy")
    clock.now_s = 95.0
    assert meter.onset_to_cue([(81.0, None)])["changes_not_shown"] == 1
