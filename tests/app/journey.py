"""The parts of the learning journey: what the film shows, what the family says of it, and how right the cues were."""

import json
import time
from dataclasses import replace
from fractions import Fraction

import av
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.actions import ANSWER_KEYS
from emoasst_core import paths
from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import CueState, Source
from emoasst_core.emotions import EMOTIONS
from emoasst_core.paths import demo_recording
from emoasst_core.store.clips import Clips
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions
from emoasst_core.store.shots import list_shots

EXCERPT_S = 22.0  # of the demo: calm, happy, calm, sad, surprised
EDGE_S = 0.5  # the last moment of a film is not judged
RATE_HZ, PICTURES_HZ = 2.5, 5
TURN_S, MOST_TURNS = 20.0, 15


def excerpt(source, target):
    """The pictures of the demo's beginning, a few in each second: to decode all of them would take longer than to read them."""
    with open(source, "rb") as handle, av.open(handle) as whole, av.open(str(target), "w") as part:
        shown = whole.streams.video[0]
        pictures = part.add_stream("mjpeg", rate=PICTURES_HZ, width=shown.width, height=shown.height, pix_fmt="yuvj420p")
        pictures.codec_context.qmin = pictures.codec_context.qmax = 3
        num_kept = 0
        for picture in whole.decode(shown):
            if picture.time >= EXCERPT_S:
                break
            if picture.time >= num_kept / PICTURES_HZ - 1e-6:
                kept = picture.reformat(format="yuvj420p")
                kept.pts, kept.time_base, kept.pict_type = num_kept, Fraction(1, PICTURES_HZ), 0
                part.mux(pictures.encode(kept))
                num_kept += 1
        part.mux(pictures.encode(None))
    return target


class Truth:
    """What the family says of each stretch of the excerpt.

    It is what the film was drawn to show. Where the model reads all of that already, the family sees its longest feeling in
    another way, so that there is something to learn whatever model is installed.
    """

    def __init__(self):
        spans = json.loads(demo_recording().with_suffix(".json").read_text("utf-8"))["spans"]
        self.spans = [(span["start_s"], min(span["end_s"], EXCERPT_S), span["emotion"]) for span in spans]
        self.spans = [span for span in self.spans if span[0] < EXCERPT_S]

    def at(self, time_s):
        inside_s = time_s % EXCERPT_S
        return next(emotion for start_s, end_s, emotion in self.spans if start_s <= inside_s < end_s)

    def differ_from(self, cues):
        """See to it that the cues are wrong somewhere; the stretch that is, and what the family says of it."""
        felt = [span for span in self.spans if span[2] != "neutral"]
        unread = [span for span in felt if not is_read(cues, span)]
        if unread:
            return max(unread, key=lambda span: span[1] - span[0])
        longest = max(felt, key=lambda span: span[1] - span[0])
        said = EMOTIONS[(EMOTIONS.index(longest[2]) + 2) % len(EMOTIONS)]
        self.spans = [(*span[:2], said) if span == longest else span for span in self.spans]
        return (*longest[:2], said)


def is_read(cues, span):
    """Whether a clear cue named what a stretch shows, while it showed it."""
    return _named(cues, span, (CueState.CLEAR,))


def is_shown(cues, span):
    """Whether a cue named what a stretch shows, while it showed it, be it only as "maybe"."""
    return _named(cues, span, (CueState.CLEAR, CueState.MAYBE))


def _named(cues, span, states):
    start_s, end_s, emotion = span
    return any(state in states and name == emotion and start_s <= time_s < end_s for time_s, state, name in cues)


def worth(cues, truth, start_s=0.0, end_s=EXCERPT_S - EDGE_S):
    """How much of a stretch's time the cue was right, a maybe counting half."""
    right, steps = 0.0, 0
    edges = [*(time_s for time_s, _, _ in cues[1:]), EXCERPT_S - EDGE_S]
    for (from_s, state, emotion), to_s in zip(cues, edges, strict=True):
        for step in range(int(10 * max(from_s, start_s)), int(10 * min(to_s, end_s))):
            right += {CueState.CLEAR: 1.0, CueState.MAYBE: 0.5}.get(state, 0.0) * (emotion == truth.at(step / 10))
            steps += 1
    return right / max(1, steps)


def cues_of(session_id, until_s=EXCERPT_S - EDGE_S):
    """[(second, state, emotion)] of what was shown."""
    with Database(paths.database_path()) as database:
        spans = get_session(database, session_id).timeline.spans
    return [(round(s.start_s, 1), s.state, s.emotion) for s in spans if s.source is Source.SHOWN and s.start_s < until_s]


def kinds(cues):
    return [(state, emotion) for _, state, emotion in cues]


def newest():
    with Database(paths.database_path()) as database:
        return list_sessions(database, 1)[0].session_id


def num_shots():
    with Database(paths.database_path()) as database:
        return len(list_shots(database))


def clips_of(session_id):
    with Database(paths.database_path()) as database:
        return Clips(database).pending(session_id)


def press(window, key):
    QTest.keyClick(window.focusWidget() or window, key)


def watch(window, recording, marks_s=(), realtime=True):
    """Let the program look at a recording, pressing "?" at some moments; over when its review is open."""
    runner = window._services.runner
    options = AnalysisOptions(transcribe=False)
    runner.options = replace(options, faces=replace(options.faces, analysis_rate_hz=RATE_HZ))
    shown = len(list_all())
    if realtime:
        window.open_recording(recording)
    else:  # as fast as it can be analysed; otherwise what `open_recording` does
        runner.start_recording(recording, realtime=False)
        window.show_page(window.live_page)
        window.live_page.enter_recording(recording, {})
    for mark_s in marks_s:
        yield lambda mark_s=mark_s: runner._run.transport.now_s() >= mark_s
        press(window, Qt.Key.Key_Q)
    review = window.review_page

    def is_over():
        return len(list_all()) > shown and window.pages.currentWidget() is review and review.model.rowCount() > 0

    for _ in range(MOST_TURNS):  # a slow machine may take its time
        until_s = time.monotonic() + TURN_S
        yield lambda until_s=until_s: is_over() or time.monotonic() > until_s
        if is_over():
            return
    raise AssertionError("the recording was not looked at in time")


def list_all():
    if not paths.database_path().exists():
        return []
    with Database(paths.database_path()) as database:
        return list_sessions(database)


def answer_all(window, truth):
    """Answer every clip that is asked about, by one key each; how many there were."""
    answers = window.answer_page
    press(window, Qt.Key.Key_A)
    yield lambda: window.pages.currentWidget() is answers and answers.view.begin_button.isVisible()
    asked = len(answers._questions)
    press(window, Qt.Key.Key_Space)
    for _ in range(asked):
        row = answers.question.utterance
        QTest.keyClicks(window.focusWidget() or window, ANSWER_KEYS[truth.at((row.start_s + row.end_s) / 2)])
    assert answers.view.thanks.text() == f"{asked} of {asked} answered"
    yield lambda: "of your family" in answers.view.changed.text()
    return asked
