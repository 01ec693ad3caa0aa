"""The window beside a recorded session, for rows that look at how late its timer comes. Prints one line of JSON.

python -m tests.faults.window_child SECONDS
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path

import numpy as np

STALL_S = 0.15


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
    lags, num_changes, is_over = _Lags(), 0, threading.Event()

    def work() -> None:
        nonlocal num_changes
        num_changes += 1
        services.runner.mark()
        services.preferences.change(last_folder=f"{num_changes}")
        services.people.change(
            lambda people: people.add(f"Somebody {num_changes}", "adult"), lambda _done: None, lambda _error: None
        )

    def begin() -> None:
        lags._last_s = time.perf_counter()
        lags.timer.start(TIMER_MS)
        threading.Thread(target=_tell_stalls, args=(lags, threading.get_ident(), is_over), daemon=True).start()

    worker = QTimer()
    worker.timeout.connect(work)
    worker.start(1500)
    QTimer.singleShot(3000, begin)  # the first picture of a page is drawn by then
    QTimer.singleShot(round(1000 * (length_s + 3)), application.quit)
    application.exec()
    is_over.set()
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


def _tell_stalls(lags: object, thread_id: int, is_over: threading.Event) -> None:
    """Say on the error stream where the window's thread is when it comes too late."""
    told_s = 0.0
    while not is_over.wait(0.02):
        if time.perf_counter() - lags._last_s > STALL_S and lags._last_s != told_s:
            told_s = lags._last_s
            sys.stderr.write("the window stalls:\n" + "".join(traceback.format_stack(sys._current_frames()[thread_id])))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "session"))
    main(float(sys.argv[1]))
    os._exit(0)
