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
