"""One printed page about one session, for a therapist or teacher; what it cannot say stands on it as plainly as what it can."""

from __future__ import annotations

import io
from typing import Any, Final

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState, Source
from emoasst_core.review.lanes import ANSWER_WORDS
from emoasst_core.review.summary import PersonSummary, summarize
from emoasst_core.store.sessions import SessionRecord

A4_INCHES: Final = (8.27, 11.69)
INK, SOFT, PAPER = "#1F2933", "#4B555E", "#F4EFE6"
LIMITS: Final = (
    "What this page cannot say: a face or a voice is not a feeling. These are guesses of a small program that is often unsure "
    "and sometimes wrong, about one short stretch of time. They say nothing about a person's character, health or development, "
    "and nothing here is a diagnosis, a measure of progress or a ground for a decision about anybody."
)
MOST_PEOPLE, MOST_ANSWERS = 6, 14
MOST_SHOWN, MOST_NAME, MOST_ANSWER = 38, 20, 88  # characters that fit into their column, at the size they are written in
TICKS_S: Final = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
MOST_TICKS: Final = 8
HATCHED: Final = {CueState.UNSURE: "////", CueState.CANT_SEE: "....", CueState.CANT_HEAR: "...."}


def pdf_bytes(record: SessionRecord, catalogue: Catalogue | None = None) -> bytes:
    """The page as PDF: people, what was shown when, the answers of adults, and the limits."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    figure = draw_page(record, catalogue or Catalogue.load())
    FigureCanvasPdf(figure)
    page = io.BytesIO()
    figure.savefig(
        page, format="pdf", metadata={"Creator": "EmoAsst", "CreationDate": record.started_at, "Title": "EmoAsst session"}
    )
    return page.getvalue()


def draw_page(record: SessionRecord, words: Catalogue) -> Any:
    """The page as a figure of A4 size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=A4_INCHES)
    minutes, seconds = divmod(round(record.duration_s), 60)
    _write(figure, 0.945, "EmoAsst: one session", size=18, weight="bold")
    when = f"{record.started_at.astimezone():%d %B %Y, %H:%M}".lstrip("0")
    _write(figure, 0.918, f"{when}   ·   {minutes} min {seconds:02} s   ·   model {record.profile}", color=SOFT)
    _write(figure, 0.885, "Who was read, and for how long", size=12, weight="bold")
    _people(figure, summarize(record.timeline), words)
    _write(figure, 0.68, "What was shown on the screen", size=12, weight="bold")
    _strip(figure.add_axes((0.09, 0.56, 0.82, 0.075)), record, words)
    _write(figure, 0.475, "What an adult answered", size=12, weight="bold")
    _answers(figure, record, words)
    _write(figure, 0.105, "Limits", size=12, weight="bold")
    _write(figure, 0.09, LIMITS, size=9, wraps=True, top=True)
    return figure


def _write(figure: Any, y: float, text: str, size: int = 10, weight: str = "normal", color: str = INK, **how: bool) -> None:
    if how.get("wraps"):
        import textwrap

        text = "\n".join(textwrap.wrap(text, 104))
    figure.text(0.09, y, text, fontsize=size, fontweight=weight, color=color, va="top" if how.get("top") else "baseline")


def _people(figure: Any, people: tuple[PersonSummary, ...], words: Catalogue) -> None:
    rows = [person for person in people if person.seen_s or person.heard_s or person.shown][:MOST_PEOPLE]
    columns = (0.09, 0.30, 0.385, 0.475, 0.585)
    for x, heading in zip(columns, ("person", "face read", "voice read", "unsure time", "cues shown"), strict=True):
        figure.text(x, 0.862, heading, fontsize=9, color=SOFT)
    for place, person in enumerate(rows):
        y = 0.838 - 0.024 * place
        shown = _that_fit([f"{words.word(name)} {count}" for name, count in person.shown.items()]) or "none"
        unsure = "-" if person.unsure_share is None else f"{person.unsure_share:.0%}"
        texts = (
            _cut(person.person or "nobody named", MOST_NAME),
            f"{person.seen_s:.0f} s",
            f"{person.heard_s:.0f} s",
            unsure,
            shown,
        )
        for x, text in zip(columns, texts, strict=True):
            figure.text(x, y, text, fontsize=9 if x == columns[-1] else 10, color=INK)
    if not rows:
        figure.text(0.09, 0.838, "Nobody was seen or heard.", fontsize=10, color=INK)


def _strip(axes: Any, record: SessionRecord, words: Catalogue) -> None:
    used: dict[str, str] = {}
    for span in record.timeline.spans:
        if span.source is not Source.SHOWN:
            continue
        cue = Cue(span.start_s, span.state, span.emotion)
        is_clear = span.state is CueState.CLEAR
        color = words.color(cue, "light") if span.emotion else PAPER
        axes.broken_barh(
            [(span.start_s, span.end_s - span.start_s)], (0, 1), facecolor=color if is_clear else "white",
            edgecolor=color if span.emotion else SOFT, hatch=HATCHED.get(span.state, ""), linewidth=1.2,
        )  # fmt: skip
        if span.emotion:
            used[span.emotion] = color
    length_s = max(record.duration_s, 1.0)
    step_s = next((step for step in TICKS_S if length_s / step <= MOST_TICKS), TICKS_S[-1])
    ticks = range(0, int(length_s) + 1, step_s)
    axes.set_xlim(0, length_s)
    axes.set_xticks(ticks, [f"{tick // 60}:{tick % 60:02}" for tick in ticks])
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_xlabel(
        "minutes and seconds   (filled: clear, outlined: maybe, hatched: not sure, dotted: nothing to read)",
        fontsize=8,
        color=SOFT,
    )
    axes.tick_params(labelsize=8, colors=SOFT)
    for place, (emotion, color) in enumerate(used.items()):
        axes.text(0.135 * place, 1.12, f"■ {words.word(emotion)}", transform=axes.transAxes, fontsize=9, color=color)


def _answers(figure: Any, record: SessionRecord, words: Catalogue) -> None:
    answered = [row for row in record.utterances if row.label]
    for place, row in enumerate(answered[:MOST_ANSWERS]):
        minutes, seconds = divmod(int(row.start_s), 60)
        guess = words.text(Cue(row.start_s, row.state, row.emotion))
        answer = ANSWER_WORDS.get(row.label or "") or words.word(str(row.label))
        who = _cut(row.person or "nobody named", MOST_NAME)
        text = f"{minutes}:{seconds:02}   {who}   answered: {answer}   (the program: {guess})"
        figure.text(0.09, 0.452 - 0.0225 * place, _cut(text, MOST_ANSWER), fontsize=10, color=INK)
    more = len(answered) - MOST_ANSWERS
    note = f"… and {more} more" if more > 0 else "" if answered else "Nobody has answered yet."
    figure.text(0.09, 0.452 - 0.0225 * min(len(answered), MOST_ANSWERS), note, fontsize=10, color=SOFT)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _that_fit(parts: list[str]) -> str:
    """As many whole parts as fit, and how many more there are.

    >>> _that_fit(["calm 12", "happy 10", "sad 8", "surprised 7", "angry 4"])
    'calm 12, happy 10, sad 8 and 2 more'
    """
    for kept in range(len(parts), 0, -1):
        more = len(parts) - kept
        text = ", ".join(parts[:kept]) + (f" and {more} more" if more else "")
        if len(text) <= MOST_SHOWN:
            return text
    return ""
