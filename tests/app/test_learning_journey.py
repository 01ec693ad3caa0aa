"""The loop that the program is for, with nothing replaced: watch, answer eight clips by keyboard, watch again, undo.

The pictures of the bundled conversation are looped, so that one sitting has eight moments to ask about twenty seconds apart.
Sound is left out and faces are read three times a second, so that no picture is dropped on a busy machine and the same film
gives the same cues; models, picker, cache, classifier and cue policy are those that ship. It runs in real time, four minutes in
all, and therefore only where EMOASST_JOURNEY is set.
"""

import json
import os
from dataclasses import replace

import av
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.actions import ANSWER_KEYS
from emoasst_core import paths
from emoasst_core.commands.bench import demo_recording
from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import CueState, Source
from emoasst_core.evaluation.long_session import loop_recording
from emoasst_core.session.message import DEFAULT_FACTORY
from emoasst_core.store.clips import Clips
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions
from emoasst_core.store.shots import list_shots

EXCERPT_S = 22.0  # of the demo: calm, happy, calm, sad, surprised
NUM_LOOPS = 8
SAD_AT_S = 16.0  # of each loop
RATE_HZ = 3.0


def excerpt(source, target):
    with open(source, "rb") as handle, av.open(handle) as whole, av.open(str(target), "w") as part:
        pictures = part.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(whole.streams.video[0]):
            if packet.dts is not None and float(packet.pts * packet.time_base) < EXCERPT_S:
                packet.stream = pictures
                part.mux(packet)
    return target


def truth_at(time_s):
    spans = json.loads(demo_recording().with_suffix(".json").read_text("utf-8"))["spans"]
    inside_s = time_s % EXCERPT_S
    return next(span["emotion"] for span in spans if span["start_s"] <= inside_s < span["end_s"])


def cues_of(session_id, until_s=EXCERPT_S - 0.5):
    """[(second, state, emotion)] of what was shown."""
    with Database(paths.database_path()) as database:
        spans = get_session(database, session_id).timeline.spans
    return [(round(s.start_s, 1), s.state, s.emotion) for s in spans if s.source is Source.SHOWN and s.start_s < until_s]


def num_shots():
    with Database(paths.database_path()) as database:
        return len(list_shots(database))


def kept_clips():
    with Database(paths.database_path()) as database:
        return Clips(database).all(list_sessions(database, 1)[0].session_id)


def newest():
    with Database(paths.database_path()) as database:
        return list_sessions(database, 1)[0].session_id


def kinds(cues):
    return [(state, emotion) for _, state, emotion in cues]


def worth(cues):
    """How much of the excerpt's time the cue was right, a maybe counting half."""
    edges = [*(time_s for time_s, _, _ in cues[1:]), EXCERPT_S - 0.5]
    steps = [
        {CueState.CLEAR: 1.0, CueState.MAYBE: 0.5}.get(state, 0.0) * (emotion == truth_at(start_s + 0.1 * step))
        for (start_s, state, emotion), end_s in zip(cues, edges, strict=True)
        for step in range(int(10 * (end_s - start_s)))
    ]
    return sum(steps) / len(steps)


@pytest.mark.timeout(600)
@pytest.mark.skipif("EMOASST_JOURNEY" not in os.environ, reason="takes four minutes in real time: set EMOASST_JOURNEY to run it")
def test_eight_answers_tonight_make_better_cues_tomorrow_and_undo_brings_the_old_ones_back(drive, tmp_path):
    clip = excerpt(demo_recording(), tmp_path / "conversation.webm")
    evening = loop_recording(clip, tmp_path / "evening.webm", NUM_LOOPS * EXCERPT_S)
    found = {}

    def watch(window, recording, marks_s=()):
        runner = window._services.runner
        options = AnalysisOptions(transcribe=False)
        runner.options = replace(options, faces=replace(options.faces, analysis_rate_hz=RATE_HZ))
        window.open_recording(recording)
        for mark_s in marks_s:
            yield lambda mark_s=mark_s: runner._run.transport.now_s() >= mark_s
            QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Q)
        yield lambda: window.pages.currentWidget() is window.review_page and window.review_page.model.rowCount() > 0

    def script(window):
        answers = window.answer_page
        yield from watch(window, evening, [SAD_AT_S + loop * EXCERPT_S for loop in range(NUM_LOOPS)])
        found["before"] = cues_of(newest())
        QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_A)
        yield lambda: answers.view.begin_button.isVisible()
        found["moments"] = [(clip.start_s, clip.reason) for clip in kept_clips()]
        assert answers.view.count.text() == "8 short clips, about 3 min"
        QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Space)
        for _ in range(8):
            row = answers.question.utterance
            key = ANSWER_KEYS[truth_at((row.start_s + row.end_s) / 2)]
            QTest.keyClicks(window.focusWidget() or window, key)
        assert answers.view.thanks.text() == "8 of 8 answered"
        yield lambda: num_shots() == 8 and "answers of your family" in answers.view.changed.text()
        found["told"] = answers.view.changed.text()
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
    assert worth(found["after"]) > worth(found["before"]) == pytest.approx(worth(found["undone"]), abs=0.03)
    starts = [[time_s for time_s, _, _ in found[name]] for name in ("undone", "before")]
    assert starts[0] == pytest.approx(starts[1], abs=0.5)  # in real time a cue may come a reading earlier or later
