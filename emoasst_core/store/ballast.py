"""Room kept for deleting: on a full disk even a deletion has to write its log first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

FILE_NAME: Final[str] = "room-for-deleting"
SIZE_BYTES: Final[int] = 1 << 20


def keep(folder: Path) -> None:
    """Hold the room; where the disk has none there is nothing to hold."""
    path = folder / FILE_NAME
    if path.exists() and path.stat().st_size == SIZE_BYTES:
        return
    try:
        path.write_bytes(os.urandom(SIZE_BYTES))  # a disk that packs zeros would keep no room for them
    except OSError:
        path.unlink(missing_ok=True)


@contextmanager
def given_up(folder: Path) -> Iterator[None]:
    """Let go of the room for the block, and take it back afterwards if there is any."""
    (folder / FILE_NAME).unlink(missing_ok=True)
    try:
        yield
    finally:
        keep(folder)
