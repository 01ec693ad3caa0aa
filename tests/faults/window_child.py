"""The window beside a recorded session, for rows that look at how late its timer comes. Prints one line of JSON.

python -m tests.faults.window_child SECONDS
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def main(length_s: float) -> None:
    """Show the live page for so long, with a session recorded, moments marked and people changed beside it."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from app.application import open_services
    from app.bench_window import TIMER_MS, _Lags
    from app.pages.live_page import LivePage
    from emoasst_core.session.live_intake import LiveIntake
    from emoasst_core.session.plan import SessionPlan
    from tests.faults.live_session import RATE_HZ, Camera, Microphone

    application = QApplication(["emoasst faults"])
    services = open_services("starter", "colour_pipeline:open_pipeline")
    page = LivePage(services)
    services.bridge.event_told.connect(page.take)
    services.bridge.frame_seen.connect(page.show_frame)
    plan = SessionPlan(("p-00000001",), keeps_recording=True)
    page.resize(1280, 760)
    page.enter_live(has_camera=True, has_microphone=True, plan=plan)
    page.show()
    services.runner.start_intake(LiveIntake(Camera, Microphone, RATE_HZ), plan)
    lags, num_changes = _Lags(), 0

    def work() -> None:
        nonlocal num_changes
        num_changes += 1
        services.runner.mark()
        services.people.change(
            lambda people: people.add(f"Somebody {num_changes}", "adult"), lambda _done: None, lambda _error: None
        )

    def begin() -> None:
        lags._last_s = time.perf_counter()
        lags.timer.start(TIMER_MS)

    worker = QTimer()
    worker.timeout.connect(work)
    worker.start(1500)
    QTimer.singleShot(3000, begin)  # the first picture of a page is drawn by then
    QTimer.singleShot(round(1000 * (length_s + 3)), application.quit)
    application.exec()
    lags.timer.stop()
    worker.stop()
    services.runner.stop()
    services.runner.wait(120)
    status = services.runner.status()
    services.runner.close()
    services.background.close()
    late_ms = 1000 * np.array(lags.late_s)
    sys.stdout.write(
        json.dumps(
            {
                "p50": float(np.percentile(late_ms, 50)),
                "p99": float(np.percentile(late_ms, 99)),
                "max": float(late_ms.max()),
                "ticks": len(late_ms),
                "changes": num_changes,
                "sound_lost_s": status.sound_lost_s,
                "analysed": status.frames_analysed,
            }
        )
        + "\n"
    )
    sys.stdout.flush()  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "session"))
    main(float(sys.argv[1]))
    os._exit(0)
