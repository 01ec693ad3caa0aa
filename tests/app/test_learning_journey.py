"""The loop that the program is for, with nothing replaced: watch, answer by keyboard, watch again, undo.

The pictures of the bundled conversation are looped, so that there is enough to ask about twenty seconds apart. Sound is left out
and faces are read every 0.4 s; models, picker, cache, classifier and cue policy are those that ship. What is wrong with
the cues is found out first, by the model that is installed; the answers follow from that (see `journey.Truth`).

The films are looked at as fast as they can be analysed. Where EMOASST_JOURNEY is set, they are played in real time once more,
four minutes in all.
"""

import os

import pytest
from journey import (
    EXCERPT_S,
    Truth,
    answer_all,
    cues_of,
    excerpt,
    is_shown,
    kinds,
    newest,
    num_shots,
    watch,
    worth,
)
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emoasst_core.evaluation.long_session import loop_recording
from emoasst_core.paths import demo_recording
from emoasst_core.session.message import DEFAULT_FACTORY

NUM_CLIPS = 8
AFTER_S = 1.0  # a clip is of what was on screen before "?" was pressed


def the_journey(folder, truth, found, realtime):
    """Watch a film, mark eight moments of a longer one, answer for them, watch the first again, undo, and watch it once more."""
    clip = excerpt(demo_recording(), folder / "conversation.mkv")
    evening = loop_recording(clip, folder / "evening.mkv", NUM_CLIPS * EXCERPT_S)

    def script(window):
        answers = window.answer_page
        yield from watch(window, clip, realtime=realtime)
        found["before"] = cues_of(newest())
        found["taught"] = start_s, end_s, _ = truth.differ_from(found["before"])
        moment_s = (start_s + end_s) / 2 + AFTER_S
        yield from watch(window, evening, [moment_s + loop * EXCERPT_S for loop in range(NUM_CLIPS)], realtime)
        asked = yield from answer_all(window, truth)
        assert asked == NUM_CLIPS and answers.view.count.text() == "8 short clips, about 3 min"
        yield lambda: num_shots() == NUM_CLIPS
        yield from watch(window, clip, realtime=realtime)
        found["after"] = cues_of(newest())
        window.show_page(answers)
        for _ in range(NUM_CLIPS):
            QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        yield lambda: num_shots() == 0
        yield from watch(window, clip, realtime=realtime)
        found["undone"] = cues_of(newest())

    return script


def check(found, truth):
    """The cue that was taught is shown now, was not before, and is gone again; all in all the cues are better."""
    assert [is_shown(found[name], found["taught"]) for name in ("before", "after", "undone")] == [False, True, False]
    assert kinds(found["after"]) != kinds(found["before"]) == kinds(found["undone"])
    assert worth(found["after"], truth) > worth(found["before"], truth)


def starts(cues):
    return [time_s for time_s, _, _ in cues]


@pytest.mark.timeout(900)
def test_answers_tonight_make_better_cues_tomorrow_and_undo_brings_the_old_ones_back(drive, tmp_path):
    truth, found = Truth(), {}
    drive(the_journey(tmp_path, truth, found, realtime=False), factory=DEFAULT_FACTORY)
    check(found, truth)
    assert starts(found["undone"]) == pytest.approx(starts(found["before"]), abs=0.05)  # nothing dropped: the same pictures


@pytest.mark.timeout(900)
@pytest.mark.skipif("EMOASST_JOURNEY" not in os.environ, reason="takes four minutes in real time: set EMOASST_JOURNEY to run it")
def test_the_same_in_real_time(drive, tmp_path):
    truth, found = Truth(), {}
    drive(the_journey(tmp_path, truth, found, realtime=True), factory=DEFAULT_FACTORY)
    check(found, truth)
    assert starts(found["undone"]) == pytest.approx(starts(found["before"]), abs=0.5)  # a cue may come a reading earlier or later
