"""The printed page: whatever a session holds, every word lies on the paper and none on another."""

from __future__ import annotations

import dataclasses

import pytest

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import CueState, Source, Timeline
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.one_page import draw_page
from emoasst_core.store.sessions import SessionRecord, UtteranceRow
from tests.core.review.conftest import span

LONG_NAME = "Great-Grandmother Wilhelmina Alexandra"


def crowded(record: SessionRecord) -> SessionRecord:
    """Eight people with long names who showed everything often, and thirty answers."""
    spans = []
    for number in range(8):
        name = f"{LONG_NAME} {number}"
        spans.append(span(0.0, 500.0, name, Source.FACE, CueState.CLEAR, "joy"))
        for place, emotion in enumerate(EMOTIONS * 12):
            start_s = 60 * number + 0.5 * place
            spans.append(span(start_s, start_s + 0.5, name, Source.SHOWN, list(CueState)[place % 3], emotion))
    rows = tuple(
        UtteranceRow(n + 1, 15.0 * n, 15.0 * n + 5, True, f"{LONG_NAME} 1", "so", "surprise", CueState.MAYBE, {}, {}, "surprise")
        for n in range(30)
    )
    return dataclasses.replace(record, duration_s=480.0, timeline=Timeline("clip.mp4", 480.0, tuple(spans), ()), utterances=rows)


@pytest.mark.parametrize("is_crowded", [False, True])
def test_every_word_is_on_the_paper_and_none_is_written_over_another(record: SessionRecord, is_crowded: bool) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw_page(crowded(record) if is_crowded else record, Catalogue.load())
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    written = [text for text in (*figure.texts, *axes.texts, axes.xaxis.label, *axes.get_xticklabels()) if text.get_text()]
    boxes = {text.get_text(): text.get_window_extent() for text in written}
    width, height = figure.bbox.width, figure.bbox.height
    outside = [words for words, box in boxes.items() if box.x0 < 0 or box.x1 > 0.95 * width or box.y0 < 0 or box.y1 > height]
    assert outside == []
    over = [
        (one.get_text(), other.get_text())
        for place, one in enumerate(written)
        for other in written[place + 1 :]
        if one.get_window_extent().overlaps(other.get_window_extent())
    ]
    assert over == [], over


@pytest.mark.parametrize(("duration_s", "ticks"), [(31.0, ["0:00", "0:05"]), (1200.0, ["0:00", "5:00"])])
def test_the_times_below_the_strip_are_minutes_and_seconds(record: SessionRecord, duration_s: float, ticks: list[str]) -> None:
    figure = draw_page(dataclasses.replace(record, duration_s=duration_s), Catalogue.load())
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels[:2] == ticks
    assert len(labels) <= 9
