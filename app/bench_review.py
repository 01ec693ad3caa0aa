"""How fast the review is: opening a long session, seeking in it, painting a timeline of any length (`emoasst bench review`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from app.background import Background
from app.bridge import Bridge
from app.item_models.timeline_model import Lane, LaneRow, TimelineModel
from app.pages.review_page import ReviewPage
from app.people_book import PeopleBook
from app.preferences import Preferences
from app.services import Services
from app.theme import LIGHT, apply_theme
from app.widgets.timeline_view import TimelineView
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import CueState, Frame
from emoasst_core.emotions import EMOTIONS

PAGE = QSize(1180, 780)
TIMELINE = QSize(1180, 260)
PATIENCE_S = 30.0
FRAME_S = 0.2  # a picture this near is the one of that moment


def bench_window(database_path: Path, session_id: str, num_points: int, repeats: int, seed: int = 0) -> dict[str, Any]:
    """Milliseconds to open a session, to seek in it, and to paint `num_points` rows in each lane.

    The page is the real one, without the model process, which takes no part in reviewing.
    """
    application = QApplication.instance() or QApplication(["emoasst"])
    assert isinstance(application, QApplication)
    application.setStyle("Fusion")
    services = _services(database_path)
    page = ReviewPage(services)
    try:
        page.resize(PAGE)
        apply_theme(application, page, LIGHT, 1.0)
        page.show()
        opened, sought = _time_page(application, page, session_id, repeats, np.random.default_rng(seed))
        painted = _time_painting(application, services.catalogue, num_points, repeats, np.random.default_rng(seed))
    finally:
        page.close_player()
        services.background.close()
        page.hide()
        page.deleteLater()
        application.processEvents()
    return {"open": _figures(opened), "seek": _figures(sought), "repaint": _figures(painted), "points_per_lane": num_points}


def _services(database_path: Path) -> Services:
    preferences = Preferences(database_path.with_name("preferences.ini"))
    background = Background()
    nobody: Any = None  # no runner: nothing is analysed here
    return Services(
        nobody, Bridge(), background, preferences, Catalogue.load(), database_path, database_path.parent,
        PeopleBook(background, database_path),
    )  # fmt: skip


def _time_page(
    application: QApplication, page: ReviewPage, session_id: str, repeats: int, rng: np.random.Generator
) -> tuple[list[float], list[float]]:
    frames: list[Frame] = []
    page.player.frame_shown.connect(frames.append)
    opened, sought = [], []
    for _ in range(max(3, repeats // 10)):
        frames.clear()
        started = time.perf_counter()
        page.open(session_id)
        _wait(application, lambda: page.model.rowCount() > 0 and bool(frames))
        page.grab()
        opened.append(1000 * (time.perf_counter() - started))
    for wanted_s in rng.uniform(0, page.player.duration_s - 1, repeats):
        frames.clear()
        started = time.perf_counter()
        page.player.seek(float(wanted_s))
        _wait(application, partial(_is_shown, frames, float(wanted_s)))
        sought.append(1000 * (time.perf_counter() - started))
    return opened, sought


def _is_shown(frames: list[Frame], time_s: float) -> bool:
    return any(abs(frame.time_s - time_s) < FRAME_S for frame in frames)


def _time_painting(
    application: QApplication, catalogue: Catalogue, num_points: int, repeats: int, rng: np.random.Generator
) -> list[float]:
    model = TimelineModel(catalogue)
    view = TimelineView(model, catalogue)
    view.resize(TIMELINE)
    view.set_theme(LIGHT)
    model.show_rows(_rows(num_points, rng), 1200.0)
    canvas = QPixmap(TIMELINE)
    view.render(canvas)  # the arrays are made once, when a session is opened
    painted = []
    for turn in range(repeats):
        view.look_at(0.0, 1200.0 / 1.6 ** (turn % 10))  # from the whole session to a few seconds
        started = time.perf_counter()
        view.render(canvas)
        painted.append(1000 * (time.perf_counter() - started))
    view.deleteLater()
    application.processEvents()
    return painted


def _rows(num_points: int, rng: np.random.Generator) -> list[LaneRow]:
    rows = []
    step_s = 1200.0 / num_points
    for lane in Lane:
        states = [list(CueState)[number] for number in rng.integers(0, 4, num_points)]
        emotions = [EMOTIONS[number] for number in rng.integers(0, 7, num_points)]
        for place, (state, emotion) in enumerate(zip(states, emotions, strict=True)):
            named = emotion if state in (CueState.CLEAR, CueState.MAYBE) else None
            text = "word" if lane is Lane.WORDS else ""
            rows.append(LaneRow(lane, place * step_s, (place + 1) * step_s, "", state, named, text))
    return rows


def _wait(application: QApplication, is_done: Callable[[], bool]) -> None:
    until = time.perf_counter() + PATIENCE_S
    while not is_done():
        application.processEvents()
        if time.perf_counter() > until:
            raise TimeoutError("the review did not answer")


def _figures(values_ms: list[float]) -> dict[str, float]:
    return {
        "n": len(values_ms), "p50_ms": float(np.median(values_ms)), "p95_ms": float(np.quantile(values_ms, 0.95)),
        "max_ms": max(values_ms),
    }  # fmt: skip
