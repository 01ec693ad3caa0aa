"""Model processes are forked off one that has imported the libraries: quick to replace, and with the environment of its start."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from emoasst_core import paths
from emoasst_core.config import AnalysisOptions
from emoasst_core.session import model_launch
from emoasst_core.session.message import FromWorker, LoadFailed, Ready, WorkerSettings
from emoasst_core.session.worker import Worker

WAIT_S = 120.0
STARTER = WorkerSettings("starter", AnalysisOptions(), None)

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only")


def test_other_systems_other_analyses_and_packed_programs_start_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    other = WorkerSettings("starter", AnalysisOptions(), None, "colour_pipeline:open_pipeline")
    assert model_launch.can_fork(STARTER) == sys.platform.startswith("linux")
    assert not model_launch.can_fork(other)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not model_launch.can_fork(STARTER)
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not model_launch.can_fork(STARTER)


@linux
def test_a_killed_process_is_replaced_by_one_forked_from_the_same_single_threaded_process(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    answers: queue.Queue[FromWorker] = queue.Queue()
    worker = Worker(STARTER, answers.put)
    try:
        assert isinstance(answers.get(timeout=WAIT_S), Ready)
        first = psutil.Process(worker.process_id)
        origin = first.parent()
        assert origin.pid != os.getpid() and origin.num_threads() == 1
        os.kill(first.pid, signal.SIGKILL)
        assert isinstance(answers.get(timeout=WAIT_S), Ready)
        second = psutil.Process(worker.process_id)
        assert second.pid != first.pid and second.parent() == origin
    finally:
        worker.close()
    assert not second.is_running()

    profile = paths.models_folder() / "of-today" / "profile.json"
    profile.parent.mkdir(parents=True)
    profile.write_text("{}")
    worker = Worker(WorkerSettings("nobody's", AnalysisOptions(), None), answers.put)  # EMOASST_HOME was set after the imports
    try:
        failure = answers.get(timeout=WAIT_S)
        assert isinstance(failure, LoadFailed) and "of-today" in failure.next_step
    finally:
        worker.close()


def test_a_launch_given_up_before_it_ran_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    let_start, ended = threading.Event(), threading.Event()

    class Ended:
        def let_go(self) -> None:
            ended.set()

    def slowly(_settings: WorkerSettings) -> Ended:
        let_start.wait(WAIT_S)
        return Ended()

    monkeypatch.setattr(model_launch, "start", slowly)
    launch = model_launch.Launch(STARTER)
    assert launch.wait(lambda: True) is None
    launch.give_up()
    let_start.set()
    assert ended.wait(WAIT_S) and launch.child is None
