from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.item_models.timeline_model import Lane, LaneRow, TimelineModel, clock_text
from app.theme import LIGHT
from app.widgets.timeline_lanes import LaneBand
from app.widgets.timeline_view import TimelineView
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import CueState, Modality, Source, Timeline, TimelineSpan, Word
from emoasst_core.emotions import EMOTIONS
from emoasst_core.store.clips import CANT_TELL
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.utterances import UtteranceRow


def record():
    spans = (
        TimelineSpan(0.0, 2.0, "person 1", Source.FACE, CueState.CLEAR, "joy"),
        TimelineSpan(2.0, 4.0, "person 1", Source.FACE, CueState.UNSURE, None),
        TimelineSpan(0.0, 4.0, "person 1", Source.VOICE, CueState.MAYBE, "sadness"),
        TimelineSpan(0.0, 2.0, "person 1", Source.SHOWN, CueState.CLEAR, "joy"),
        TimelineSpan(0.0, 4.0, "person 1", Source.FUSED, CueState.CLEAR, "joy"),
    )
    timeline = Timeline("clip.mp4", 4.0, spans, (Word(0.5, 0.9, "hello"),), "basic")
    keys = {Modality.FACE: np.eye(4, dtype=np.float32)[0]}
    utterances = (
        UtteranceRow(1, 0.0, 2.0, True, "person 1", "hello", "joy", CueState.CLEAR, {}, keys, "sadness"),
        UtteranceRow(2, 2.5, 4.0, False, "", "", None, CueState.CANT_SEE),
    )
    return SessionRecord("s1", "clip.mp4", datetime.now(UTC), 4.0, "starter", "hash", timeline, utterances)


@pytest.fixture
def model(qapp):
    model = TimelineModel(Catalogue.load())
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.load(record())
    return model


def texts(model):
    return [[model.data(model.index(row, column)) for column in range(5)] for row in range(model.rowCount())]


def test_the_table_says_every_lane_in_words(model):
    assert texts(model) == [
        ["0:00.0", "0:02.0", "Face", "Person 1", "Looks happy"],
        ["0:00.0", "0:04.0", "Voice", "Person 1", "Maybe sad"],
        ["0:00.0", "0:02.0", "Cue shown", "Person 1", "Looks happy"],
        ["0:00.0", "0:02.0", "Your answer", "Person 1", "sad"],
        ["0:00.5", "0:00.9", "Words", "", "hello"],
        ["0:02.0", "0:04.0", "Face", "Person 1", "Not sure"],
        ["0:02.5", "0:04.0", "Your answer", "", ""],
    ]


def test_a_new_answer_changes_its_row_only(model):
    before = texts(model)
    model.set_answer(2, CANT_TELL)
    changed = [row for row, old in zip(texts(model), before, strict=True) if row != old]
    assert changed == [["0:02.5", "0:04.0", "Your answer", "", "Can’t tell"]]


@pytest.mark.parametrize(("time_s", "number"), [(0.0, 1), (1.9, 1), (2.1, 1), (2.4, 2), (3.0, 2), (9.0, 2)])
def test_the_part_of_a_moment_is_the_one_it_lies_in_else_the_nearest(model, time_s, number):
    assert model.utterance_at(time_s).number == number


def test_the_cue_of_a_moment_ends_with_its_span(model):
    assert model.shown_at(1.0).emotion == "joy"
    assert model.shown_at(2.0) is None


def test_clock_text_counts_minutes():
    assert [clock_text(time_s) for time_s in (0, 0.999, 59.95, 60, 605.5)] == ["0:00.0", "0:00.9", "0:59.9", "1:00.0", "10:05.5"]


@pytest.fixture
def view(model, qtbot):
    view = TimelineView(model, Catalogue.load())
    qtbot.addWidget(view)
    view.resize(900, 220)
    view.set_theme(LIGHT)
    view._show_all()
    view.show()
    return view


def pixel(view, time_s, lane):
    band = view.lane_rect(lane)
    return view.grab().toImage().pixelColor(round(view.x_of(time_s)), round(band.top() + 5)).name().upper()


def test_a_clear_span_is_filled_with_its_colour_and_an_empty_lane_is_not(view):
    assert pixel(view, 1.5, Lane.FACE) == LIGHT.emotions["joy"]
    assert pixel(view, 3.0, Lane.SHOWN) == LIGHT.lane


def test_unsure_is_hatched_not_coloured(view):
    band = view.lane_rect(Lane.FACE)
    image = view.grab().toImage()
    row = [image.pixelColor(x, round(band.center().y())).name().upper() for x in range(int(view.x_of(2.2)), int(view.x_of(3.8)))]
    assert 0.05 < sum(color != LIGHT.lane for color in row) / len(row) < 0.7
    assert not set(row) & set(LIGHT.emotions.values())


def test_a_click_chooses_the_moment_under_it(view, qtbot):
    with qtbot.waitSignal(view.moment_chosen) as chosen:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(view.x_of(3.0)), 100))
    assert chosen.args[0] == pytest.approx(3.0, abs=0.01)


def test_zooming_keeps_the_line_in_its_place_and_ends_at_two_seconds(view):
    view.set_position(3.0)
    x = view.x_of(3.0)
    view.zoom(1)
    assert view.x_of(3.0) == pytest.approx(x, abs=1.0)
    view.zoom(9)
    assert view.time_of(10_000) - view.time_of(-10_000) <= 4.0
    view.zoom(-20)
    assert view.x_of(4.0) <= view.width()


@pytest.mark.parametrize("seed", range(5))
def test_columns_show_what_lasted_longest_in_each(seed):
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.uniform(0, 100, 400))
    emotions = [EMOTIONS[number] for number in rng.integers(0, 3, 400)]
    rows = [
        LaneRow(Lane.FACE, start, start + length, "", CueState.CLEAR, emotion)
        for start, length, emotion in zip(starts, rng.uniform(0, 0.5, 400), emotions, strict=True)
    ]
    edges = np.linspace(20, 60, 81)
    found = LaneBand(rows).columns(edges)
    for place, (left, right) in enumerate(pairwise(edges)):
        lasted = np.zeros(7)
        for row in rows:
            lasted[EMOTIONS.index(row.emotion)] += max(0.0, min(row.end_s, right) - max(row.start_s, left))
        if lasted.max() < 0.01:
            continue
        assert lasted[found[place]] >= lasted.max() - 0.08  # the grid of a column is finer than this


def test_a_crowded_lane_is_painted_in_the_colours_of_its_rows(view):
    rows = [
        LaneRow(Lane.FACE, 0.001 * n, 0.001 * n + 0.001, "", CueState.CLEAR, "joy" if n < 2000 else "fear") for n in range(4000)
    ]
    view._model.rows = [row for row in view._model.rows if row.lane is not Lane.FACE] + rows
    view._show_all()
    assert pixel(view, 1.0, Lane.FACE) == LIGHT.emotions["joy"]
    assert pixel(view, 3.5, Lane.FACE) == LIGHT.emotions["fear"]
