"""The loop that the program is for, with nothing replaced: watch, answer by keyboard, watch again, undo.

The pictures of the bundled conversation are looped, so that there is enough to ask about twenty seconds apart. Sound is left out
and faces are read three times a second; models, picker, cache, classifier and cue policy are those that ship. What is wrong with
the cues is found out first, by the model that is installed; the answers follow from that (see `journey.Truth`).

The short form looks at the films as fast as they can be analysed. The long one plays them in real time with eight moments marked
by "?", four minutes in all. Both run only where EMOASST_JOURNEY is set.
"""

import os

import pytest
from journey import (
    EXCERPT_S,
    Truth,
    answer_all,
    clips_of,
    cues_of,
    excerpt,
    kinds,
    newest,
    num_shots,
    watch,
    worth,
)
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.actions import ANSWER_KEYS
from emoasst_core.commands.bench import demo_recording
from emoasst_core.evaluation.long_session import loop_recording
from emoasst_core.session.message import DEFAULT_FACTORY

NUM_LOOPS = 8
MOST_CORRECTED = 3  # the last five states of the cache are kept, and all of them are gone back to


def films(folder, num_loops):
    clip = excerpt(demo_recording(), folder / "conversation.webm")
    return clip, loop_recording(clip, folder / "evening.webm", num_loops * EXCERPT_S)


def correct_worst(window, truth, worst):
    """On the timeline: answer for the parts of the worst-read stretch that no clip has asked about."""
    page = window.review_page
    asked = {clip.utterance_number for clip in clips_of(newest())}
    parts = [part for part in page.model.utterances if part.embeddings and part.number not in asked]
    middle = [(part, (part.start_s + part.end_s) / 2) for part in parts]
    inside = [(part, time_s) for part, time_s in middle if worst[0] <= time_s % EXCERPT_S < worst[1]]
    for part, time_s in inside[:MOST_CORRECTED]:
        before = num_shots()
        page._enter_part(part)
        yield lambda part=part: page._part is not None and page._part.number == part.number
        QTest.keyClicks(window.focusWidget() or window, ANSWER_KEYS[truth.at(time_s)])
        yield lambda before=before: num_shots() == before + 1


def take_back_all(window):
    """The answers to clips by undo; those on the timeline, each a change of its own, by the button that takes a change back."""
    answers = window.answer_page
    window._show(answers)
    while answers.stack.canUndo():
        answers.stack.undo()
    while before := num_shots():
        answers.ending.go_back()
        yield lambda before=before: num_shots() < before


@pytest.mark.timeout(400)
@pytest.mark.skipif("EMOASST_JOURNEY" not in os.environ, reason="analyses three films with the real models: set EMOASST_JOURNEY")
def test_answers_tonight_make_better_cues_tomorrow_and_undo_brings_the_old_ones_back(drive, tmp_path):
    clip, evening = films(tmp_path, 2)
    truth, found = Truth(), {}

    def script(window):
        yield from watch(window, evening, realtime=False)
        session_id = newest()
        found["before"] = cues_of(session_id)
        worst = truth.differ_from(found["before"])
        assert clips_of(session_id)
        yield from correct_worst(window, truth, worst)
        found["asked"] = yield from answer_all(window, truth)
        yield from watch(window, clip, realtime=False)
        found["after"] = cues_of(newest())
        yield from take_back_all(window)
        yield from watch(window, clip, realtime=False)
        found["undone"] = cues_of(newest())

    drive(script, factory=DEFAULT_FACTORY)
    assert found["asked"] >= 1
    assert worth(found["after"], truth) > worth(found["before"], truth)
    assert kinds(found["after"]) != kinds(found["before"]) == kinds(found["undone"])
    starts = [[time_s for time_s, _, _ in found[name]] for name in ("undone", "before")]
    assert starts[0] == pytest.approx(starts[1], abs=0.05)  # nothing was dropped: the same pictures, the same cues


@pytest.mark.timeout(600)
@pytest.mark.skipif("EMOASST_JOURNEY" not in os.environ, reason="takes four minutes in real time: set EMOASST_JOURNEY to run it")
def test_eight_answers_by_keyboard_in_real_time(drive, tmp_path):
    clip, evening = films(tmp_path, NUM_LOOPS)
    truth, found = Truth(), {}

    def script(window):
        answers = window.answer_page
        yield from watch(window, clip)
        found["first"] = cues_of(newest())
        worst = truth.differ_from(found["first"])
        middle_s = (worst[0] + worst[1]) / 2
        yield from watch(window, evening, [middle_s + 1.0 + loop * EXCERPT_S for loop in range(NUM_LOOPS)])
        found["before"] = cues_of(newest())
        asked = yield from answer_all(window, truth)
        assert asked == 8 and answers.view.count.text() == "8 short clips, about 3 min"
        yield lambda: num_shots() == 8
        yield from watch(window, clip)
        found["after"] = cues_of(newest())
        window._show(answers)
        for _ in range(8):
            QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        yield lambda: num_shots() == 0
        yield from watch(window, clip)
        found["undone"] = cues_of(newest())

    drive(script, factory=DEFAULT_FACTORY)
    assert kinds(found["after"]) != kinds(found["before"]) == kinds(found["undone"])
    assert worth(found["after"], truth) > worth(found["before"], truth) == pytest.approx(worth(found["undone"], truth), abs=0.03)
    starts = [[time_s for time_s, _, _ in found[name]] for name in ("undone", "before")]
    assert starts[0] == pytest.approx(starts[1], abs=0.5)  # in real time a cue may come a reading earlier or later
