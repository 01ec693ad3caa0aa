"""Limits of a process that decodes what came from outside: memory, written files, time without an answer.

A recording of a few bytes can claim to be huge. Whatever it makes the decoder do, it may end that process and nothing else.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Final

MEMORY_BYTES: Final[int] = 2 << 30  # above what the process holds with its libraries loaded; 8192x8192 needs about 0.6 GB
LOOK_EVERY_S: Final[float] = 0.1
TOO_LARGE: Final[int] = 77  # exit code of a process that went over its memory
OPEN_S: Final[float] = 30.0  # libraries, header, first picture and first sound
SCAN_BYTES_PER_S: Final[int] = 10_000_000  # files without a stated length are read through once
ITEM_S: Final[float] = 30.0  # no picture and no sound for so long: the decoder hangs


def limit_this_process(memory_bytes: int = MEMORY_BYTES) -> None:
    """Bound what this process may take from now on; call it after the libraries are loaded.

    Over the memory the decoder is refused more, where the system can do that (Linux), and the process ends itself elsewhere.
    No file can be written on any system with `resource`; nothing is left behind by a crash.
    """
    import psutil  # only in a process that decodes

    process = psutil.Process()
    if sys.platform != "win32":
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a refused write is an error, not the end
        _lower(resource.RLIMIT_FSIZE, 0)
        _lower(resource.RLIMIT_CORE, 0)
        if sys.platform.startswith("linux"):
            _lower(resource.RLIMIT_AS, process.memory_info().vms + memory_bytes)
    most = process.memory_info().rss + memory_bytes

    def watch() -> None:
        while process.memory_info().rss < most:
            time.sleep(LOOK_EVERY_S)
        os._exit(TOO_LARGE)

    threading.Thread(target=watch, name="memory-watch", daemon=True).start()


def open_limit_s(num_bytes: int) -> float:
    """How long opening a file of that size may take."""
    return OPEN_S + num_bytes / SCAN_BYTES_PER_S


if sys.platform != "win32":

    def _lower(which: int, most: int) -> None:
        import resource

        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
