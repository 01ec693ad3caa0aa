"""The figures of `emoasst bench review`, each beside the time it may take."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

LIMITS_MS: Final = {"open": 2000.0, "seek": 200.0, "repaint": 16.0, "answer_personal": 50.0, "answer_paper": 50.0}
LARGEST_CHANGE: Final = 1e-6  # of a logit after an answer was given and taken back
NAMES: Final = {
    "open": "open the session, until rows and picture are painted",
    "seek": "seek to a random moment, until its picture is shown",
    "repaint": "repaint the timeline, from the whole session to a few seconds",
    "answer_personal": "answer to the next cue: keep, read shots, classify (personal memory)",
    "answer_paper": "the same with the paper's cache",
}


def bench_review(profile: str, minutes: float, num_shots: int, num_points: int, repeats: int) -> dict[str, Any]:
    """Make a long session of the bundled demo, measure, print and return the figures."""
    from emoasst_core.commands.app import bench_review as bench_window
    from emoasst_core.config import AnalysisOptions
    from emoasst_core.evaluation.bench_answers import bench_answers
    from emoasst_core.evaluation.long_session import loop_recording, repeat_session
    from emoasst_core.paths import demo_recording
    from emoasst_core.session.analyzer import Analyzer
    from emoasst_core.store.database import Database
    from emoasst_core.store.sessions import save_session

    console = Console()
    with tempfile.TemporaryDirectory() as name, console.status("Analysing the demo once") as status:
        folder = Path(name)
        demo = demo_recording()
        short = Analyzer(demo, profile, None, AnalysisOptions()).run()
        status.update(f"Making a session of {minutes:g} minutes")
        recording = loop_recording(demo, folder / f"long{demo.suffix}", 60 * minutes)
        record = replace(repeat_session(short, recording, 60 * minutes), session_id="long")
        with Database(folder / "review.sqlite") as database:
            save_session(database, record)
        status.update("Opening, seeking, painting")
        figures = bench_window(folder / "review.sqlite", "long", num_points, repeats)
        for mode in ("personal", "paper"):
            status.update(f"Answering with {num_shots} shots ({mode})")
            figures[f"answer_{mode}"] = bench_answers(short, folder / f"{mode}.sqlite", num_shots, repeats, mode)
    figures |= {
        "minutes": minutes, "rows": len(record.timeline.spans) + len(record.timeline.words) + len(record.utterances),
        "limits_ms": LIMITS_MS,
    }  # fmt: skip
    figures["met"] = verdicts(figures)
    console.print(_table(figures))
    for mode in ("personal", "paper"):
        answer = figures[f"answer_{mode}"]
        met = "met" if figures["met"][f"undo_{mode}"] else "MISSED"
        console.print(
            f"{mode}: {answer['num_shots']} shots; processor time p95 {answer['cpu_p95_ms']:.1f} ms; parts of the answer, "
            f"p50 in ms: {_parts(answer)}; given and taken back, "
            f"a logit differs by {answer['undo_change']:.1e} (at most {LARGEST_CHANGE:.0e}): {met}"
        )
    console.print("All targets are met." if all(figures["met"].values()) else "Not every target is met.")
    return figures


def verdicts(figures: dict[str, Any]) -> dict[str, bool]:
    """{target: whether it is met}: p95 of each time, and what is left of an answer that was taken back."""
    met = {name: bool(figures[name]["p95_ms"] <= limit) for name, limit in LIMITS_MS.items()}
    return met | {
        f"undo_{mode}": bool(figures[f"answer_{mode}"]["undo_change"] <= LARGEST_CHANGE) for mode in ("personal", "paper")
    }


def _table(figures: dict[str, Any]) -> Table:
    table = Table(title=f"{figures['minutes']:g} minutes, {figures['rows']} rows; painting {figures['points_per_lane']} per lane")
    for heading in ("what", "p50 ms", "p95 ms", "max ms", "p95 may take", ""):
        table.add_column(heading, justify="left" if heading in ("what", "") else "right")
    for name, text in NAMES.items():
        found = figures[name]
        verdict = "met" if figures["met"][name] else "MISSED"
        numbers = (f"{found[part]:.1f}" for part in ("p50_ms", "p95_ms", "max_ms"))
        table.add_row(text, *numbers, f"{LIMITS_MS[name]:.0f}", verdict)
    return table


def _parts(answer: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in answer["parts_p50_ms"].items())
