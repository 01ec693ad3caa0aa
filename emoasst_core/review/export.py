"""A session as a file for other programs: table, JSON, captions, ELAN, Praat, or one printed page."""

from __future__ import annotations

import csv
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
from emoasst_core.review.captions import webvtt_text
from emoasst_core.review.elan import eaf_text
from emoasst_core.review.pseudonyms import renamed
from emoasst_core.review.textgrid import textgrid_text
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


def export_session(
    record: SessionRecord, format_name: str, path: Path, names: Mapping[str, str] | None = None, hides_recording: bool = True
) -> None:
    """Write one session to `path`, which is old or new but never half.

    Args:
        format_name: one of `FORMATS`.
        names: {person or adult: what the file calls them}; None changes nothing.
        hides_recording: with `names`: leave out what the recording is called.

    Raises:
        StoreError: unknown format, or the file cannot be written.
    """
    if format_name not in FORMATS:
        raise StoreError(f"Unknown export format {format_name!r}.", f"Known: {', '.join(FORMATS)}.")
    content = FORMATS[format_name](record if names is None else renamed(record, names, hides_recording))
    write_atomically(path, content if isinstance(content, bytes) else content.encode("utf-8"))


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


def _pdf(record: SessionRecord) -> bytes:
    from emoasst_core.review.one_page import pdf_bytes

    return pdf_bytes(record)


FORMATS: Final[Mapping[str, Callable[[SessionRecord], str | bytes]]] = {
    "csv": csv_text,
    "json": json_text,
    "webvtt": webvtt_text,
    "eaf": eaf_text,
    "textgrid": textgrid_text,
    "pdf": _pdf,
}


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
