"""Captions (WebVTT): what was said, what the child was shown, in the words they saw, and what an adult answered."""

from __future__ import annotations

import html

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Source
from emoasst_core.review.lanes import ANSWER_WORDS, cue_words
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.utterances import UtteranceRow

LEAST_S = 0.001  # the format wants every caption to last


def webvtt_text(record: SessionRecord, catalogue: Catalogue | None = None) -> str:
    """One caption per utterance with words, per cue that was shown and per answer, each for as long as it lasted."""
    words = catalogue or Catalogue.load()
    captions = [(row.start_s, row.end_s, _said(row)) for row in record.utterances if row.text.strip()]
    captions += [
        (span.start_s, span.end_s, f"[{_safe(cue_words(span, words))}]")
        for span in record.timeline.spans
        if span.source is Source.SHOWN
    ]
    captions += [
        (
            row.start_s,
            row.end_s,
            f"({_safe(row.labeller or 'parent')}: {_safe(ANSWER_WORDS.get(row.label) or words.word(row.label))})",
        )
        for row in record.utterances
        if row.label
    ]
    blocks = ["WEBVTT", f"NOTE {_safe(record.session_id)} {_safe(record.recording)}".rstrip()]
    for start_s, end_s, text in sorted(captions, key=lambda caption: caption[:2]):
        blocks.append(f"{_clock(start_s)} --> {_clock(max(end_s, start_s + LEAST_S))}\n{text}")
    return "\n\n".join(blocks) + "\n"


def _said(row: UtteranceRow) -> str:
    return f"<v {_safe(row.person)}>{_safe(row.text)}</v>" if row.person else _safe(row.text)


def _safe(text: str) -> str:
    """Text that can neither end a caption nor open a tag."""
    return html.escape(" ".join(text.split()), quote=False)


def _clock(time_s: float) -> str:
    milliseconds = round(time_s * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
