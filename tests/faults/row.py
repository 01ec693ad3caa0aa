"""One row of the table of faults: what is done how often, what came of it, and the mark it has to reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS_VARIABLE = "EMOASST_FAULTS_SECONDS"
_done: list[int] = []
FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


@dataclass(frozen=True)
class Outcome:
    """What one row showed. `figure` is printed beside `mark`. `passed` is None where it could not be run here."""

    passed: bool | None
    figure: str
    mark: str
    num_tries: int


def not_run(reason: str, mark: str) -> Outcome:
    """What a row says that cannot be run on this machine."""
    return Outcome(None, f"not run: {reason}", mark, 0)


@dataclass(frozen=True)
class Row:
    """A fault; `quick` and `full` are the numbers of tries in `make test` and `make faults`.

    `is_timed`: its figure is one of time, and says nothing on a machine that is busy with other things.
    """

    name: str
    run: Callable[[Path, int], Outcome]
    quick: int
    full: int
    is_timed: bool = False


def is_busy() -> bool:
    """Whether so much else runs here that figures of time would be those of the others."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


def child_environment(home: Path) -> dict[str, str]:
    """For a process with a home of its own that finds this program and the tests' records."""
    return {
        **os.environ,
        "EMOASST_HOME": str(home),
        "EMOASST_KEYS": "file",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *(str(ROOT / "tests" / "core" / part) for part in ("store", "session"))]),
    }


def each_try(tries: int, step: int = 1) -> Iterator[int]:
    """The numbers of the tries, as many as there is time for where `--seconds` was given; tells each tenth on the error stream.

    Use `done_of` for how many there were.
    """
    began, limit_s = time.monotonic(), float(os.environ.get(SECONDS_VARIABLE, "inf"))
    _done.clear()
    for number in range(0, tries, step):
        if number and time.monotonic() - began > limit_s:
            return
        if tries >= 100 and number and number * 10 // tries != (number - step) * 10 // tries:
            sys.stderr.write(f"{100 * number // tries} % ")
            sys.stderr.flush()
        yield number
        _done.append(min(tries, number + step))


def done_of(tries: int) -> int:
    """How many of so many tries the last `each_try` got through."""
    return max(_done, default=0) if tries else 0


@contextmanager
def child(task: str, *arguments: object, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs one task of `child.py`; killed at the end whatever happens."""
    command = [sys.executable, str(FOLDER / "child.py"), task, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment(home)) as process:
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """At once, with no handler run."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
