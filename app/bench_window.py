"""The live page beside a session that is measured: how late the window's own timer comes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.application import open_services
from app.pages.live_page import LivePage
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.events import SessionEvent
from emoasst_core.session.message import DEFAULT_FACTORY
from emoasst_core.session.plan import EVERYBODY
from emoasst_core.session.runner import SessionRunner

TIMER_MS = 10
STEP_S, MOST_LATE_S = 0.0001, 10.0


def measure_in_window(
    profile: str, work: Callable[[SessionRunner], Any], take: Callable[[SessionEvent], None]
) -> tuple[Any, Sequence[float]]:
    """Show the live page and run `work` beside it.

    Args:
        profile: name or folder of the models.
        work: gets the runner, whose events reach the page; returns what was measured.
        take: called on the window's thread with every event the page gets, just after it.

    Returns:
        What `work` returned, and how late each tick of a 10 ms timer was, in seconds.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication.instance() or QApplication(["emoasst bench"])
    services = open_services(profile, DEFAULT_FACTORY)
    page = LivePage(services)
    services.bridge.event_told.connect(page.take)
    services.bridge.event_told.connect(take)
    services.bridge.frame_seen.connect(page.show_frame)
    page.resize(1280, 760)
    page.enter_live(has_camera=True, has_microphone=True, plan=EVERYBODY)
    page.show()
    done: list[Any] = []
    failed: list[EmoAsstError] = []

    def end(where: list[Any], what: Any) -> None:
        where.append(what)
        application.quit()

    services.background.run(lambda: work(services.runner), partial(end, done), partial(end, failed))
    lags = _Lags()
    lags.timer.start(TIMER_MS)
    application.exec()
    lags.timer.stop()
    page.hide()
    services.runner.close()
    services.background.close()
    for part in (page, services.bridge, services.background, services.preferences):
        part.deleteLater()
    if failed:
        raise failed[0]
    return done[0], lags.late_s


class _Lags:
    """How late the ticks came, counted by steps: there are a hundred a second, and what measures memory must not fill it."""

    def __init__(self) -> None:
        self._counts = np.zeros(round(MOST_LATE_S / STEP_S) + 1, np.int64)
        self._last_s = time.perf_counter()
        self.timer = QTimer()
        self.timer.setTimerType(self.timer.timerType().PreciseTimer)
        self.timer.timeout.connect(self._tick)

    @property
    def late_s(self) -> Sequence[float]:
        """Each tick's, the least first."""
        return [float(late_s) for late_s in np.repeat(STEP_S * np.arange(len(self._counts)), self._counts)]

    def _tick(self) -> None:
        now_s = time.perf_counter()
        late_s = min(max(0.0, now_s - self._last_s - TIMER_MS / 1000), MOST_LATE_S)
        self._counts[round(late_s / STEP_S)] += 1
        self._last_s = now_s
