"""A session as a file for other programs: a table (CSV), everything (JSON), or captions (WebVTT)."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.atomic_file import write_atomically
from emoasst_core.datatypes import CueState, Source, TimelineSpan
from emoasst_core.errors import StoreError
from emoasst_core.store.sessions import SessionRecord, UtteranceRow

COLUMNS: Final = (
    "session",
    "start",
    "end",
    "person",
    "source",
    "label",
    "state",
    "p_top",
    "p_second",
    "shown",
    "labeller",
    "version",
)
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run such a cell
PARENT_SOURCE: Final = "parent"


def export_session(record: SessionRecord, format_name: str, path: Path) -> None:
    """Write one session to `path`, which is old or new but never half.

    Args:
        format_name: one of `FORMATS`: csv, json, webvtt.

    Raises:
        StoreError: unknown format, or the file cannot be written.
    """
    if format_name not in FORMATS:
        raise StoreError(f"Unknown export format {format_name!r}.", f"Known: {', '.join(FORMATS)}.")
    write_atomically(path, FORMATS[format_name](record).encode("utf-8"))


def csv_text(record: SessionRecord) -> str:
    """One row per span of the timeline and one per answer of an adult, by time.

    `shown` is what the child saw for most of the row: an emotion, a state such as UNSURE, or nothing. `version` is the
    model profile and the start of its hash.
    """
    shown = _ShownLane(record)
    version = f"{record.profile} {record.encoder_hash[:12]}"
    rows = [_span_row(record, span, shown, version) for span in record.timeline.spans]
    rows += [_label_row(record, utterance, shown, version) for utterance in record.utterances if utterance.label]
    rows.sort(key=lambda row: (row["start"], row["end"]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_cell(row[column]) for column in COLUMNS)
    return text.getvalue()


def json_text(record: SessionRecord) -> str:
    """The layout of timeline.json, with the session and its utterances (guess and answer apart) beside it."""
    values = {
        "session": {
            "id": record.session_id,
            "started_at": record.started_at.isoformat(),
            "profile": record.profile,
            "encoder_hash": record.encoder_hash,
        },
        **record.timeline.as_dict(),
        "utterances": [_utterance_values(utterance) for utterance in record.utterances],
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def webvtt_text(record: SessionRecord) -> str:
    """Captions: what was said, by whom, and what the child was shown, each for as long as it lasted."""
    cues = [
        (utterance.start_s, utterance.end_s, f"<v {_vtt(utterance.person)}>{_vtt(utterance.text)}</v>")
        if utterance.person
        else (utterance.start_s, utterance.end_s, _vtt(utterance.text))
        for utterance in record.utterances
        if utterance.text.strip()
    ]
    cues += [
        (span.start_s, span.end_s, f"[{_vtt(_shown_name(span))}]")
        for span in record.timeline.spans
        if span.source is Source.SHOWN
    ]
    blocks = ["WEBVTT", f"NOTE {_vtt(record.session_id)} {_vtt(record.recording)}"]
    for start_s, end_s, text in sorted(cues, key=lambda cue: cue[:2]):
        last_s = max(end_s, start_s + 0.001)  # the format wants every cue to last
        blocks.append(f"{_clock(start_s)} --> {_clock(last_s)}\n{text}")
    return "\n\n".join(blocks) + "\n"


FORMATS: Final[Mapping[str, Callable[[SessionRecord], str]]] = {"csv": csv_text, "json": json_text, "webvtt": webvtt_text}


class _ShownLane:
    """Answers what was on the screen during a stretch."""

    def __init__(self, record: SessionRecord) -> None:
        self._spans = [span for span in record.timeline.spans if span.source is Source.SHOWN]
        self._starts: NDArray[np.float64] = np.array([span.start_s for span in self._spans])
        self._ends: NDArray[np.float64] = np.array([span.end_s for span in self._spans])

    def during(self, start_s: float, end_s: float) -> str:
        """Name of the cue with the longest overlap; "" where nothing was shown."""
        if not self._spans:
            return ""
        overlaps = np.minimum(self._ends, end_s) - np.maximum(self._starts, start_s)
        longest = int(overlaps.argmax())
        return _shown_name(self._spans[longest]) if overlaps[longest] > 0 else ""


def _span_row(record: SessionRecord, span: TimelineSpan, shown: _ShownLane, version: str) -> dict[str, Any]:
    top = sorted(span.probs.values(), reverse=True)
    return {
        "session": record.session_id,
        "start": span.start_s,
        "end": span.end_s,
        "person": span.person,
        "source": span.source.value,
        "label": span.emotion or "",
        "state": span.state.value,
        "p_top": top[0] if top else "",
        "p_second": top[1] if len(top) > 1 else "",
        "shown": shown.during(span.start_s, span.end_s),
        "labeller": "model",
        "version": version,
    }


def _label_row(record: SessionRecord, utterance: UtteranceRow, shown: _ShownLane, version: str) -> dict[str, Any]:
    return {
        "session": record.session_id,
        "start": utterance.start_s,
        "end": utterance.end_s,
        "person": utterance.person,
        "source": PARENT_SOURCE,
        "label": utterance.label,
        "state": "",
        "p_top": "",
        "p_second": "",
        "shown": shown.during(utterance.start_s, utterance.end_s),
        "labeller": utterance.labeller,
        "version": version,
    }


def _utterance_values(utterance: UtteranceRow) -> dict[str, Any]:
    return {
        "number": utterance.number,
        "start_s": round(utterance.start_s, 3),
        "end_s": round(utterance.end_s, 3),
        "is_speech": utterance.is_speech,
        "person": utterance.person,
        "text": utterance.text,
        "emotion": utterance.emotion,
        "state": utterance.state.value,
        "probs": {name: round(prob, 4) for name, prob in utterance.probs.items()},
        "label": utterance.label,
        "labeller": utterance.labeller,
    }


def _shown_name(span: TimelineSpan) -> str:
    """An emotion the child was told, marked where it was only a maybe; else the state."""
    if span.emotion is None:
        return span.state.value
    return f"maybe {span.emotion}" if span.state is CueState.MAYBE else span.emotion


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _vtt(text: str) -> str:
    """Text that can neither end a caption nor open a tag."""
    return html.escape(" ".join(text.split()), quote=False)


def _clock(time_s: float) -> str:
    milliseconds = round(time_s * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
