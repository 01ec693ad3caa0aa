"""The network that must not be there: every journey in a namespace without a route, its sockets counted by the system."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from emoasst_core.store.database import Database
from emoasst_core.store.sessions import list_sessions
from tests.faults.disk_replay import can_trace
from tests.faults.row import ROOT, Outcome, Row, child_environment, not_run

DEMO = ROOT / "assets" / "demo" / "conversation.webm"
SHARE = 0.4  # of the bundled conversation: both people have spoken by then
INTERNET = re.compile(r"socket\(AF_(?:INET6?|PACKET)|sa_family=AF_INET")
MARK = "passes, 0 internet sockets"
LIMIT_S = 900.0


def without_a_network(home: Path, tries: int) -> Outcome:
    """Analyse, run live, and open the window with a recording; `tries` of these three."""
    alone = ["unshare", "-n"] if os.name == "posix" and os.geteuid() == 0 else ["unshare", "-rn"]
    if not can_trace() or not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        return not_run("strace or unshare is not here or may not be used", MARK)
    clip = home / "clip.webm"
    clip.write_bytes(DEMO.read_bytes()[: round(SHARE * DEMO.stat().st_size)])
    emoasst = [sys.executable, "-m", "emoasst_core.cli"]
    journeys: dict[str, tuple[list[str], Callable[[Path], bool] | None]] = {
        "analyze": ([*emoasst, "analyze", str(clip), "--out", str(home / "out")], None),
        "live": ([*emoasst, "bench", "live", str(clip), "--seconds", "10"], None),
        "window": ([*emoasst, "app", "--recording", str(clip)], _has_session),
    }
    told, passed = [], True
    for name, (command, is_done) in list(journeys.items())[:tries]:
        place = home / name
        place.mkdir()
        ended_well = _run([*alone, *_strace(place / "strace.log"), *command], place, is_done)
        lines = "".join(log.read_text(errors="replace") for log in place.glob("strace.log*"))
        internet, processes = len(INTERNET.findall(lines)), len(list(place.glob("strace.log*")))
        told.append(
            f"{name}: {'passed' if ended_well else 'FAILED'}, {internet} internet sockets in {processes} processes and threads"
        )
        passed = passed and ended_well and internet == 0 and processes > 1
    return Outcome(passed, "; ".join(told), MARK, len(told))


def _strace(log: Path) -> list[str]:
    return ["strace", "-ff", "-qq", "--seccomp-bpf", "-e", "trace=socket,connect,sendto,sendmsg,sendmmsg,execve", "-o", str(log)]


def _run(command: list[str], home: Path, is_done: Callable[[Path], bool] | None) -> bool:
    """Whether it ended well; one that stays open is ended once it has done its work."""
    environment = child_environment(home) | {"QT_QPA_PLATFORM": "offscreen"}
    environment.pop("ORT_DISABLE_TELEMETRY", None)  # the product itself has to see to it, in every process
    with (home / "said").open("w") as said, subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=said, stderr=said, start_new_session=True
    ) as process:  # fmt: skip
        ended_s = time.monotonic() + LIMIT_S
        while process.poll() is None and time.monotonic() < ended_s:
            if is_done is not None and is_done(home):
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(60)
                return True
            time.sleep(0.5)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            return False
    if process.returncode:
        sys.stderr.write((home / "said").read_text()[-1500:])
    return process.returncode == 0 and is_done is None


def _has_session(home: Path) -> bool:
    """Whether the window has saved what it analysed."""
    path = home / "emoasst.sqlite"
    if not path.exists():
        return False
    before = os.environ.get("EMOASST_HOME", "")
    os.environ["EMOASST_HOME"] = str(home)
    try:
        with Database(path, create=False) as database:
            return bool(list_sessions(database))
    finally:
        os.environ["EMOASST_HOME"] = before


ROWS = (Row("analyze, live and window without a network", without_a_network, 0, 3),)
