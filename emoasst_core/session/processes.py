"""How every process of the program is started and begins: with a whole path, and with a name that tells its job.

While OpenCV is imported, its folder, with a `typing` of its own, stands in sys.path. A process started meanwhile by another
thread would be given that path, and could import next to nothing. So all of them are made by the contexts of this module.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing.context
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from emoasst_core.session.parent_watch import end_with_parent

MODELS: Final = "models"
CAPTIONS: Final = "captions"
DECODER: Final = "decoder"
ENROLMENT: Final = "enrolment"
SIDE_JOB: Final = "side job"

PREFIX: Final = "emo "
_NAME_MAIN_THREAD: Final = 15  # PR_SET_NAME of linux/prctl.h; the system keeps 15 bytes
_MAX_ARENAS: Final = -8  # M_ARENA_MAX of malloc.h


@contextlib.contextmanager
def opencv_is_whole() -> Iterator[None]:
    """Wait for an import of OpenCV in another thread to end; inside the block no other begins.

    The lock is the one that every `import cv2` takes. OpenCV takes itself out of `sys.modules` for a while, so that to look
    whether its import is under way is not enough.
    """
    with import_module("importlib._bootstrap")._ModuleLockManager("cv2"):
        yield


class SpawnProcess(multiprocessing.context.SpawnProcess):
    """Begun afresh."""

    def start(self) -> None:
        """As of any process."""
        with opencv_is_whole():
            super().start()


class SpawnContext(multiprocessing.context.SpawnContext):
    """Makes processes that begin afresh: a forked one would share the window's threads and locks."""

    Process = SpawnProcess


if sys.platform != "win32":

    class ForkServerProcess(multiprocessing.context.ForkServerProcess):
        """Forked off a process that has imported libraries."""

        def start(self) -> None:
            """As of any process; begins the one to fork from where it does not run yet."""
            with opencv_is_whole():
                super().start()

    class ForkServerContext(multiprocessing.context.ForkServerContext):
        """Makes processes that are forked off one without threads."""

        Process = ForkServerProcess


def begin_process(job: str) -> None:
    """First thing in a started process: it ends with the one that started it, and is listed under its job.

    Ctrl-C is for the window; it ends its processes itself.

    Args:
        job: one of those above.
    """
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_NAME_MAIN_THREAD, ctypes.c_char_p((PREFIX + job).encode()[:15]), 0, 0, 0)


def share_one_heap() -> None:
    """Let all threads of this process take memory from one heap, where the C library is glibc.

    By default each thread gets heaps of its own, which grow in steps of megabytes whenever it meets a larger task, and keep them.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_MAX_ARENAS, 1)
