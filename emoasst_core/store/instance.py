"""One window at a time works with a home: a second one says so instead of recording twice."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from emoasst_core.errors import StoreError

LOCK_FILE: Final[str] = "window.lock"


@contextmanager
def only_instance(home: Path) -> Iterator[None]:
    """Hold the home's lock; the system lets go of it even if the process is killed.

    Raises:
        StoreError: another window holds it, or the folder cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        handle = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{home} cannot be written: {error.strerror}.", "Check the folder and its permissions.") from error
    try:
        try:
            _lock(handle)
        except OSError as error:
            raise StoreError("EmoAsst is open already.", "Use the window that is open, or close it first.") from error
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _lock(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
