"""The timeline of a session as one picture: lanes for face, voice, shown cue, the parent's label and the words."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

from emoasst_core.atomic_file import replacing
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState, Source, TimelineSpan
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.lanes import ANSWER_WORDS
from emoasst_core.store.sessions import SessionRecord

LANES = ("Face", "Voice", "Words said", "Together", "Shown cue", "Your answer")
TOGETHER_LANE, ANSWER_LANE = 3, 5
EMPTY_NOTES = ("no picture", "nobody heard", "no words to read", "nothing to put together", "nothing shown", "no answer yet")
PAPER, INK, FAINT, MUTED = "#F4EFE6", "#1F2933", "#CFC7B8", "#6B675F"
HATCHED = {CueState.UNSURE: "///", CueState.CANT_SEE: "...", CueState.CANT_HEAR: "..."}
NOTES = {CueState.UNSURE: "not sure", CueState.CANT_SEE: "no face", CueState.CANT_HEAR: "can't hear"}
SOURCE_LANES = {Source.FACE: 0, Source.VOICE: 1, Source.WORDS: 2, Source.FUSED: 3, Source.SHOWN: 4}
MIN_LABEL_SHARE = 0.045  # of the picture's width: a narrower span has no room for a word along it
LEAST_LABEL_SHARE = 0.009  # nor, from here on, across it


def draw_timeline(record: SessionRecord, path: Path, catalogue: Catalogue) -> None:
    """Write the picture as PNG, through a temporary name.

    Args:
        record: the session.
        path: file to write.
        catalogue: colours of the emotions.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    duration_s = max(record.duration_s, 0.1)
    figure = Figure(figsize=(14, 5.6), dpi=100, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    lanes, captions = figure.subplots(2, 1, sharex=True, height_ratios=(6, 1.3))
    for span in record.timeline.spans:
        _draw_span(lanes, span, SOURCE_LANES[span.source], duration_s, catalogue)
    for utterance in record.utterances:
        if utterance.label is not None:
            _draw_box(lanes, utterance.start_s, utterance.end_s, ANSWER_LANE, _color(catalogue, utterance.label), "", 1.0)
            word = ANSWER_WORDS.get(utterance.label) or catalogue.word(utterance.label)
            ink = INK if utterance.label in ANSWER_WORDS else PAPER
            _write(lanes, utterance.start_s, utterance.end_s, ANSWER_LANE, word, duration_s, ink)
    _note_empty_lanes(lanes, record, duration_s)
    for utterance in record.utterances:
        lanes.text(
            utterance.start_s, TOGETHER_LANE - 0.4, f"{utterance.number}", fontsize=7, color=MUTED, va="bottom", clip_on=True
        )
    _draw_key(lanes, catalogue)
    _dress(lanes, f"{PurePath(record.recording).name}: what was seen, heard and shown", duration_s)
    _draw_words(captions, record, duration_s)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", facecolor=PAPER)


def _color(catalogue: Catalogue, emotion: str) -> str:
    if emotion in ANSWER_WORDS:
        return PAPER
    return catalogue.color(Cue(0.0, CueState.CLEAR, emotion), "light")


def _draw_span(axes: Any, span: TimelineSpan, lane: int, duration_s: float, catalogue: Catalogue) -> None:
    if span.emotion is None:
        _draw_box(axes, span.start_s, span.end_s, lane, PAPER, HATCHED[span.state], 1.0)
        _write(axes, span.start_s, span.end_s, lane, NOTES[span.state], duration_s, INK)
        return
    is_clear = span.state is CueState.CLEAR
    color = _color(catalogue, span.emotion)
    _draw_box(axes, span.start_s, span.end_s, lane, color if is_clear else PAPER, "", 1.0, edge=color)
    word = catalogue.word(span.emotion)
    text = word if is_clear else f"maybe {word}"
    _write(axes, span.start_s, span.end_s, lane, text, duration_s, PAPER if is_clear else INK)


def _draw_key(axes: Any, catalogue: Catalogue) -> None:
    """Which colour is which emotion, to the right under the lanes."""
    for column, emotion in enumerate(reversed(EMOTIONS)):
        x = 0.996 - 0.06 * column  # the last box ends with the lanes
        axes.text(
            x, -0.025, catalogue.word(emotion), transform=axes.transAxes, ha="right", va="top", fontsize=9, color=PAPER,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": _color(catalogue, emotion), "edgecolor": "none"},
        )  # fmt: skip


def _note_empty_lanes(axes: Any, record: SessionRecord, duration_s: float) -> None:
    filled = {SOURCE_LANES[span.source] for span in record.timeline.spans}
    if any(utterance.label is not None for utterance in record.utterances):
        filled.add(ANSWER_LANE)
    for lane, note in enumerate(EMPTY_NOTES):
        if lane not in filled:
            axes.text(0.006 * duration_s, lane, note, ha="left", va="center", fontsize=10, color=MUTED, style="italic")


def _draw_box(
    axes: Any, start_s: float, end_s: float, lane: int, color: str, hatch: str, alpha: float, edge: str = FAINT
) -> None:
    axes.broken_barh(
        [(start_s, end_s - start_s)],
        (lane - 0.36, 0.72),
        facecolor=color,
        edgecolor=edge,
        hatch=hatch,
        alpha=alpha,
        linewidth=1.4,
    )


def _write(axes: Any, start_s: float, end_s: float, lane: int, text: str, duration_s: float, color: str) -> None:
    share = (end_s - start_s) / duration_s
    fits = share >= MIN_LABEL_SHARE * max(1.0, len(text) / 7)
    if not fits and share < LEAST_LABEL_SHARE:
        return
    # a short box carries its word upright, as large as the height of a lane allows
    how = {"fontsize": 10} if fits else {"fontsize": min(7.0, 56 / max(map(len, text.split()))), "rotation": 90}
    lines = text if fits else text.replace("maybe ", "maybe\n") if share >= 2 * LEAST_LABEL_SHARE else text.replace("maybe ", "")
    axes.text((start_s + end_s) / 2, lane, lines, ha="center", va="center", color=color, clip_on=True, **how)


def _dress(axes: Any, title: str, duration_s: float) -> None:
    axes.set_facecolor(PAPER)
    axes.set_ylim(len(LANES) - 0.4, -0.6)
    axes.set_yticks(range(len(LANES)), LANES, fontsize=12, color=INK)
    axes.set_xlim(0, duration_s)
    axes.set_title(title, loc="left", fontsize=14, color=INK)
    axes.tick_params(length=0, colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.text(
        0, -0.015,
        "filled: clear    outlined: maybe    hatched: not sure    dotted: nothing to read    numbers: parts of the talk",
        transform=axes.transAxes, fontsize=9, color=INK, va="top",
    )  # fmt: skip


def _draw_words(axes: Any, record: SessionRecord, duration_s: float) -> None:
    axes.set_facecolor(PAPER)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_xlabel("seconds", color=INK)
    axes.tick_params(colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)
    model = record.timeline.words_model
    axes.set_title(f"Words, by {model}; often wrong" if model else "Words: none heard", loc="left", fontsize=10, color=INK)
    rows_end = [0.0, 0.0, 0.0]
    for utterance in record.utterances:
        if not utterance.text:
            continue
        width_s = len(utterance.text) * duration_s / 175.0
        row = min(range(3), key=lambda index: max(0.0, rows_end[index] - utterance.start_s))
        rows_end[row] = utterance.start_s + width_s
        axes.text(utterance.start_s, 0.85 - 0.3 * row, utterance.text, fontsize=9, color=INK, va="center", clip_on=True)
