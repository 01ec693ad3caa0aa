"""Fetches sound a little ahead of what is heard, on a thread of its own, and hands it out without making anybody wait.

Nothing is decoded in this process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from emoasst_core.errors import EmoAsstError
from emoasst_core.session.playback_source import Source
from emoasst_core.session.sound_format import BYTES_PER_S
from emoasst_core.session.sound_process import SoundProcess

AHEAD_S: Final = 0.6  # decoded in advance
READY_S: Final = 0.15  # enough to begin with


class SoundPlayback:
    """One recording at a time, from any moment.

    Args:
        on_failure: called on the thread when a recording has no sound that can be read.
    """

    def __init__(self, on_failure: Callable[[EmoAsstError], None]) -> None:
        self._on_failure = on_failure
        self._ahead, self._enough = int(AHEAD_S * BYTES_PER_S), int(READY_S * BYTES_PER_S)
        self._changed = threading.Condition()
        self._source: Source | None = None
        self._wanted: tuple[Source, float, float] | None = None
        self._buffer = bytearray()
        self._turn = 0  # counts what was asked for; what belongs to an earlier one is dropped
        self._is_over = True
        self._is_closed = False
        self._process: SoundProcess | None = None
        self._thread = threading.Thread(target=self._run, name="sound")
        self._thread.start()

    def play(self, source: Source, from_s: float, speed: float = 1.0) -> None:
        """Decode from a moment on."""
        with self._changed:
            self._turn += 1
            self._wanted, self._is_over = (source, from_s, speed), False
            self._buffer.clear()
            self._changed.notify_all()

    def stop(self) -> None:
        """Decode no further, and forget what was decoded."""
        with self._changed:
            self._turn += 1
            self._wanted, self._is_over = None, True
            self._buffer.clear()
            self._changed.notify_all()

    def take(self, most_bytes: int) -> bytes:
        """What comes next, at most so much of it; returns at once, with nothing where nothing is decoded yet."""
        with self._changed:
            taken = bytes(self._buffer[: most_bytes - most_bytes % 4])
            del self._buffer[: len(taken)]
            self._changed.notify_all()
            return taken

    @property
    def is_ready(self) -> bool:
        """Whether enough is decoded to begin, or all there is."""
        with self._changed:
            return self._is_over or len(self._buffer) >= self._enough

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        with self._changed:
            return self._is_over and not self._buffer

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._turn += 1
            if self._process is not None:
                self._process.end()  # it may hang
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        source: Source | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or self._wanted is not None)
                wanted, self._wanted, turn = self._wanted, None, self._turn
                if self._is_closed or wanted is None or wanted[0] is not source:
                    self._end_process()
                if self._is_closed or wanted is None:
                    return
            source, from_s, speed = wanted
            try:
                self._fill(source, from_s, speed, turn)
            except EmoAsstError as error:
                self._end_process()
                if not self._is_closed:
                    self._on_failure(error)
            with self._changed:
                self._is_over = self._is_over or turn == self._turn

    def _end_process(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _fill(self, source: Source, from_s: float, speed: float, turn: int) -> None:
        if self._process is None:
            self._process = SoundProcess(source)
        for samples in self._process.samples(from_s, speed):
            with self._changed:
                self._changed.wait_for(lambda: turn != self._turn or len(self._buffer) < self._ahead)
                if turn != self._turn:
                    return
                self._buffer += samples.tobytes()
