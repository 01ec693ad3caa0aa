"""Takes what a session captures and keeps it: chooses when a new file begins, and stops before the disk is full."""

from __future__ import annotations

import math
import shutil
import time
from pathlib import Path
from typing import Final, Protocol

from emoasst_core.atomic_file import sync_and_rename, sync_folder
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.segment_writer import RATE_HZ, SegmentWriter, kept_size

SEGMENT_S: Final[float] = 300.0
HOLD_S: Final[float] = 1.0  # how long the first file waits for the second device
LOW_BYTES: Final[int] = 1 << 30  # warned below this
STOP_BYTES: Final[int] = 200 << 20  # and stopped below this
LOOK_EVERY_S: Final[float] = 1.0


class SegmentKeeper(Protocol):
    """Knows where the files of a recording lie, and their keys."""

    database: Database

    def path(self, session_id: str, segment: int, /) -> Path:
        """Where one file lies once it is whole."""

    def segment_key(self, session_id: str, segment: int, /) -> bytes:
        """(32,) bytes."""

    def open_segment(self, session_id: str, number: int, start_s: float, /) -> None:
        """Note that a file is being written."""

    def close_segment(self, session_id: str, number: int, end_s: float, /) -> None:
        """Note that a file is whole."""

    def add_gap(self, session_id: str, start_s: float, end_s: float, reason: str, /) -> None:
        """Note that nothing was captured between two times."""


class RecordingWriter:
    """Keeps one session; use it from one thread.

    Attributes:
        is_low: whether the disk is nearly full.

    Raises:
        StoreError: there is too little space; what was kept until then is whole.
    """

    def __init__(self, vault: SegmentKeeper, session_id: str, segment_s: float = SEGMENT_S) -> None:
        self.is_low = False
        self._vault = vault
        self._session_id = session_id
        self._segment_s = segment_s
        self._segment: SegmentWriter | None = None
        self._number = 0
        self._held: list[Frame | AudioBlock] = []
        self._size: tuple[int, int] | None = None
        self._has_sound = False
        self._sound_end_s = 0.0
        self._next_frame_s = 0.0
        self._looked_s = -math.inf
        self._look_at_disk()

    def frame(self, frame: Frame) -> None:
        """Keep a picture, if one is due."""
        if frame.time_s < self._next_frame_s - 1e-6:
            return
        self._next_frame_s = (math.floor(frame.time_s * RATE_HZ + 1e-6) + 1) / RATE_HZ
        self._size = kept_size(frame)
        self._take(frame)

    def sound(self, block: AudioBlock) -> None:
        """Keep a block of sound."""
        self._has_sound = True
        self._take(block)
        self._sound_end_s = block.end_s

    def gap(self, start_s: float, end_s: float, reason: str) -> None:
        """Note a gap; after sleep or a changed clock a new file begins."""
        self._vault.add_gap(self._session_id, start_s, end_s, reason)
        if reason in ("sleep", "clock"):
            self._finish()

    def close(self) -> None:
        """Make what was kept whole."""
        self._begin()
        self._finish()

    def _take(self, item: Frame | AudioBlock) -> None:
        self._look_at_disk()
        if self._segment is None:
            self._held.append(item)
            has_both = self._size is not None and self._has_sound
            if has_both or _start_s(item) - _start_s(self._held[0]) >= HOLD_S:
                self._begin()
            return
        is_over = _start_s(item) >= self._segment.start_s + self._segment_s
        is_other = self._segment.size != self._size if isinstance(item, Frame) else not self._segment.has_sound
        if is_over or is_other:
            self._finish()
            self._held.append(item)
            self._begin()
        else:
            self._put(item)

    def _begin(self) -> None:
        if not self._held or self._segment is not None:
            return
        held = sorted(self._held, key=_start_s)
        self._held = []
        start_s = min(_start_s(held[0]), self._sound_end_s) if self._has_sound and self._number else _start_s(held[0])
        self._number += 1
        path = self._vault.path(self._session_id, self._number)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._vault.open_segment(self._session_id, self._number, start_s)
        key = self._vault.segment_key(self._session_id, self._number)
        self._segment = SegmentWriter(path.with_name(path.name + ".writing"), key, start_s, self._size, self._has_sound)
        sync_folder(path.parent)  # else a power cut takes the file's name, and with it all that was forced to the disk
        sync_folder(path.parent.parent)
        for item in held:
            self._put(item)

    def _put(self, item: Frame | AudioBlock) -> None:
        assert self._segment is not None
        try:
            if isinstance(item, Frame):
                self._segment.frame(item)
            else:
                self._segment.sound(item)
        except OSError as error:
            self._segment.abandon()
            self._segment = None
            raise StoreError(
                f"The recording cannot be written: {error.strerror}.",
                "The conversation goes on without it. Free some space; what was kept so far can be recovered.",
            ) from error

    def _finish(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        try:
            segment.finish()
            sync_and_rename(segment.path, self._vault.path(self._session_id, self._number))
        except OSError as error:
            segment.abandon()
            raise StoreError(f"The recording cannot be finished: {error.strerror}.", "It can be recovered later.") from error
        self._vault.close_segment(self._session_id, self._number, segment.end_s)

    def _look_at_disk(self) -> None:
        if time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = time.monotonic()
        free = shutil.disk_usage(self._vault.database.path.parent).free
        self.is_low = free < LOW_BYTES
        if free < STOP_BYTES:
            self._finish()
            raise StoreError(
                f"Only {free >> 20} MB are free, so the recording has been ended. All of it until now is kept.",
                "The conversation goes on. Free some space before the next recording.",
            )


def _start_s(item: Frame | AudioBlock) -> float:
    return item.time_s if isinstance(item, Frame) else item.start_s
