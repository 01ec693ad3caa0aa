"""Every process begins with a whole path, under its job's name, and ends with the one that started it."""

from __future__ import annotations

import ast
import importlib
import platform
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from emoasst_core.session import processes
from emoasst_core.session.process_usage import job_of

WAIT_S = 60.0
SESSION = Path(processes.__file__).parent
SLOW_OPENCV = """
import sys, threading
before = sys.path.copy()
sys.path.insert(0, {typing!r})
this = sys.modules.pop("cv2")  # as OpenCV does while its library is loaded
begun.set()
go_on.wait(60)
sys.modules["cv2"] = this
sys.path = before
"""


def tell_path(connection: Connection) -> None:
    processes.begin_process(processes.DECODER)
    connection.send(sys.path)
    connection.recv()


@pytest.fixture
def opencv_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, threading.Event]]:
    """OpenCV, as good as, is being imported by another thread until the event is set; the folder it puts first meanwhile."""
    poison = tmp_path / "poison"
    (poison / "typing").mkdir(parents=True)
    (poison / "typing" / "__init__.py").write_text("raise ImportError('this is the typing of OpenCV')\n")
    library = tmp_path / "library"
    library.mkdir()
    begun, go_on = threading.Event(), threading.Event()
    (library / "cv2.py").write_text("from test_processes_gate import begun, go_on\n" + SLOW_OPENCV.format(typing=str(poison)))
    gate = type(sys)("test_processes_gate")
    gate.begun, gate.go_on = begun, go_on  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "test_processes_gate", gate)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.syspath_prepend(str(library))
    importing = threading.Thread(target=importlib.import_module, args=("cv2",))
    importing.start()
    assert begun.wait(WAIT_S)
    yield str(poison), go_on
    go_on.set()
    importing.join(WAIT_S)


def start(context: object) -> tuple[psutil.Process, list[str], Connection]:
    ours, theirs = context.Pipe()  # type: ignore[attr-defined]
    process = context.Process(target=tell_path, args=(theirs,), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    assert ours.poll(WAIT_S)
    return psutil.Process(process.pid), ours.recv(), ours


def test_a_process_started_while_another_thread_imports_opencv_waits_and_gets_the_whole_path(
    opencv_import: tuple[str, threading.Event],
) -> None:
    poison, go_on = opencv_import
    assert sys.path[0] == poison and "cv2" not in sys.modules
    told: list[list[str]] = []
    starting = threading.Thread(target=lambda: told.append(start(processes.SpawnContext())[1]))
    starting.start()
    starting.join(0.5)
    assert starting.is_alive() and not told, "it was started with the path of the moment"
    go_on.set()
    starting.join(WAIT_S)
    assert told and poison not in told[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lists processes under a name of their own")
def test_a_process_is_listed_under_its_job() -> None:
    process, _, connection = start(processes.SpawnContext())
    assert job_of(process) == processes.DECODER
    connection.close()
    assert process.wait(WAIT_S) is not None or not process.is_running()


def test_processes_are_made_nowhere_else() -> None:
    def makes_contexts(path: Path) -> bool:
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        names = {getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls}
        return "get_context" in names or "from multiprocessing import Process" in path.read_text("utf-8")

    modules = sorted(SESSION.parent.rglob("*.py")) + sorted((SESSION.parents[1] / "app").rglob("*.py"))
    assert [path.name for path in modules if makes_contexts(path)] == []


def test_every_process_begins_alike() -> None:
    starters = [path for path in SESSION.glob("*.py") if "Context(" in path.read_text("utf-8") and path.name != "processes.py"]
    assert len(starters) >= 5
    begin = {path.name for path in SESSION.glob("*.py") if "begin_process(" in path.read_text("utf-8")}
    assert {path.name for path in starters} - begin <= {"model_launch.py"}, "its processes begin in worker_process"


HEAPS = """
import ctypes, sys, threading
from emoasst_core.session.processes import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def take():
    for _ in range(300):
        libc.malloc(4000)
threads = [threading.Thread(target=take) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
starts = [int(line.split("-")[0], 16) for line in open("/proc/self/maps") if " rw-p 00000000 00:00 0" in line]
print(sum(start % (64 << 20) == 0 for start in starts))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps for each thread are glibc's")
def test_threads_of_a_model_process_share_one_heap():
    def num_heaps(which: str) -> int:
        result = subprocess.run([sys.executable, "-c", HEAPS, which], capture_output=True, text=True, check=True, timeout=60)
        return int(result.stdout)

    assert num_heaps("one") == 0
    assert num_heaps("many") > 0  # what is counted is there without it
