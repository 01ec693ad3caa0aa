"""Praat's TextGrid: each tier covers the whole session, empty where nothing is said of it."""

from __future__ import annotations

from collections.abc import Iterator

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.review.lanes import Annotation, Tier, tiers_of
from emoasst_core.store.sessions import SessionRecord


def textgrid_text(record: SessionRecord, catalogue: Catalogue | None = None) -> str:
    """The session in Praat's long text format; times in seconds."""
    tiers = tiers_of(record, catalogue or Catalogue.load())
    end_s = max(record.duration_s, 0.001)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_number(end_s)}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for place, tier in enumerate(tiers, 1):
        intervals = list(_filled(tier, end_s))
        lines += [
            f"    item [{place}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(tier.name)}",
            "        xmin = 0",
            f"        xmax = {_number(end_s)}",
            f"        intervals: size = {len(intervals)}",
        ]
        for number, one in enumerate(intervals, 1):
            lines += [
                f"        intervals [{number}]:",
                f"            xmin = {_number(one.start_s)}",
                f"            xmax = {_number(one.end_s)}",
                f"            text = {_quoted(one.text)}",
            ]
    return "\n".join(lines) + "\n"


def _filled(tier: Tier, end_s: float) -> Iterator[Annotation]:
    """The annotations with empty ones between them, so that no moment is left out."""
    reached_s = 0.0
    for one in tier.annotations:
        if _number(one.start_s) != _number(reached_s):
            yield Annotation(reached_s, one.start_s, "")
        yield one
        reached_s = one.end_s
    if _number(reached_s) != _number(end_s):
        yield Annotation(reached_s, end_s, "")


def _number(time_s: float) -> str:
    """Milliseconds are enough, and the same time is always the same text."""
    return f"{time_s:.3f}".rstrip("0").rstrip(".") or "0"


def _quoted(text: str) -> str:
    return '"' + " ".join(text.split()).replace('"', '""') + '"'
