"""What a live session must reach on two cores, and whether a measured one did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Target:
    """One figure and its limit.

    Attributes:
        name: in words.
        path: where the figure stands in what `LiveBench` measured.
        limit: at most this, or at least where `is_least`.
        unit: after the number.
    """

    name: str
    path: tuple[str, ...]
    limit: float
    unit: str = " s"
    is_least: bool = False


TARGETS: Final = (
    Target("onset of a change to its cue, p50", ("onset_to_cue_s", "p50"), 1.0),
    Target("onset of a change to its cue, p95", ("onset_to_cue_s", "p95"), 1.5),
    Target("changes not shown", ("changes_not_shown",), 0.0, ""),
    Target('face lost to "no face", p95', ("lost_to_no_face_s", "p95"), 1.0),
    Target("frame to box, p95", ("frame_to_box_s", "p95"), 0.2),
    Target("frame to prediction, p95", ("frame_to_prediction_s", "p95"), 0.4),
    Target("words to caption, p95", ("words_to_caption_s", "p95"), 3.0),
    Target("words to partial caption, p95", ("words_to_partial_caption_s", "p95"), 3.0),
    Target("cores", ("cores",), 1.2, ""),
    Target("memory slope", ("memory_slope_mb_per_h",), 5.0, " MB/h"),
    Target("window timer late, p99", ("window_timer_late_s", "p99"), 0.030),
    Target("sound lost", ("sound", "lost_s"), 0.0),
    Target("encoder time saved, times", ("naive", "ratio"), 8.0, "", is_least=True),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target with what was measured; None where nothing was."""

    target: Target
    value: float | None

    @property
    def word(self) -> str:
        """ "met", "missed" or "not measured"."""
        if self.value is None:
            return "not measured"
        limit = self.target.limit
        return "met" if (self.value >= limit if self.target.is_least else self.value <= limit) else "missed"


def verdicts(figures: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Every target beside its figure."""
    return tuple(Verdict(target, _value(figures, target.path)) for target in TARGETS)


def _value(figures: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    found: Any = figures
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if found is None else float(found)
