"""Start and kill the other process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parents[2]


@contextmanager
def other_process(task: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs one task of `other_process.py`; killed at the end of the block whatever happens."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(FOLDER)])}
    command = [sys.executable, str(FOLDER / "other_process.py"), task, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            kill(process)


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == line


def kill(process: subprocess.Popen[str]) -> None:
    """As the system does when memory runs out: no handler of the process runs."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        process.wait()
