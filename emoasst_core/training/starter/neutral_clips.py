"""The release gate of false alarms: films of people who show nothing in particular must not be named angry, afraid or sad."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import CueState, Source
from emoasst_core.session.analyzer import Analyzer

NEGATIVE: Final = ("anger", "fear", "sadness", "disgust")


def measure_neutral_clips(data: Path, profile: Path) -> dict[str, Any]:
    """Run every clip marked neutral through the pipeline that runs live.

    Args:
        data: folder that holds clips/clips.csv (columns file, emotion).
        profile: the bundle to measure.

    Returns:
        Number of clips, their seconds, the cues shown by state and emotion, and how many named a negative emotion CLEAR.
    """
    with open(data / "clips" / "clips.csv", encoding="utf-8", newline="") as handle:
        names = [row["file"] for row in csv.DictReader(handle) if row["emotion"] == "neutral"]
    shown: dict[str, int] = {}
    seconds, false_negative = 0.0, 0
    for name in names:
        analyzer = Analyzer(data / "clips" / name, str(profile), None, AnalysisOptions(transcribe=False))
        timeline = analyzer.run().timeline
        seconds += timeline.duration_s
        for span in timeline.spans:
            if span.source is not Source.SHOWN:
                continue
            key = " ".join(filter(None, (str(span.state.value), span.emotion)))
            shown[key] = shown.get(key, 0) + 1
            false_negative += span.state is CueState.CLEAR and span.emotion in NEGATIVE
    return {"clips": len(names), "seconds": round(seconds, 1), "shown": shown, "clear_negative": false_negative}
