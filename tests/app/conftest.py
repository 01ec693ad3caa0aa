"""The real window, offscreen, with its own home folder; a Qt warning fails the test that caused it."""

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "session"))  # the small pipeline and the recordings

import pytest
from PySide6.QtCore import QEvent, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from app.application import main
from app.main_window import MainWindow
from emoasst_core.session.message import DEFAULT_FACTORY
from emoasst_core.session.worker import Worker

pytest.register_assert_rewrite("album", "journey")  # their assertions say what they found

STEP_MS = 20
MACHINE_MESSAGES = (  # about the machine, not the window: no sound server, and what the offscreen platform leaves out
    "This plugin does not support propagateSizeHints()",
    "PulseAudioService: pa_context_connect() failed",
)
PATIENCE_STEPS = 60_000 // STEP_MS


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def no_qt_warnings():
    heard = []

    def note(_kind, context, text):
        is_of_this_machine = (context.category or "").startswith("qt.multimedia") or text in MACHINE_MESSAGES
        if not is_of_this_machine:
            heard.append(text)

    qInstallMessageHandler(note)
    yield heard
    qInstallMessageHandler(None)
    assert not heard


UNASKED = {"restarts": 0, "process_id": None, "spare_process_id": None, "load_failure": None, "is_closed": False}


class LateWorker:
    """The real model process, started when a session first wants it: most scripts have none."""

    def __init__(self, *arguments):
        self._arguments, self._worker = arguments, None

    def __getattr__(self, name):
        if self._worker is None:
            if name in UNASKED:
                return UNASKED[name]
            self._worker = Worker(*self._arguments)
        return getattr(self._worker, name)

    def close(self):
        if self._worker is not None:
            self._worker.close()


def looked_around(window):
    """Whether the data has been looked at; who has no PIN yet and is asked for one puts it off."""
    if window.keeper.has_pin is None:
        return window.pages.currentWidget() is window.restore_page
    if window.pages.currentWidget() is window.first_page:
        window.first_page.later_button.click()
    return True


class Driver:
    """Runs `main()` and, in its event loop, a script: a generator that yields what it waits for.

    The script begins once the data has been looked at. Where no PIN was chosen, choosing one is put off, unless `is_first`.
    """

    def __init__(self, patch):
        self.exit_code = None
        self._patch = patch

    def __call__(self, script, *arguments, factory="colour_pipeline:open_pipeline", is_first=False):
        self._problem = None
        self._steps = 0
        self._patch.setattr("emoasst_core.session.runner.Worker", Worker if factory == DEFAULT_FACTORY else LateWorker)
        timer = QTimer()
        running, waits_for = None, None

        def step():
            nonlocal running, waits_for
            self._steps += 1
            try:
                if running is None:
                    windows = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)]
                    (window,) = [widget for widget in windows if widget.isVisible()]
                    if not is_first and not looked_around(window):
                        assert self._steps <= PATIENCE_STEPS
                        return
                    running = script(window)
                    waits_for = next(running)
                elif waits_for():
                    self._steps = 0
                    waits_for = next(running)
                elif self._steps > PATIENCE_STEPS:
                    raise AssertionError(f"waited in vain at line {running.gi_frame.f_lineno}")
            except StopIteration:
                finish()
            except BaseException as problem:
                self._problem = problem
                finish()

        def finish():
            timer.stop()
            for widget in QApplication.topLevelWidgets():
                widget.close()
            QApplication.instance().quit()

        QApplication.instance() or QApplication(["emoasst"])
        timer.timeout.connect(step)
        timer.start(STEP_MS)
        self.exit_code = main(list(arguments), factory=factory)
        if self._problem is not None:
            raise self._problem
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()


@pytest.fixture
def drive(monkeypatch):
    return Driver(monkeypatch)
