"""Shows any picture of a recording, frame by frame, without holding up whoever asks. Nothing is decoded in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from emoasst_core.datatypes import Frame
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.picture_process import PictureProcess
from emoasst_core.session.playback_source import Source


class Playback:
    """A thread that fetches pictures; of several moments asked for in a row only the last is shown.

    Args:
        on_picture: called on that thread with each picture.
        on_failure: called on that thread when a recording cannot be shown.
    """

    def __init__(self, on_picture: Callable[[Frame], None], on_failure: Callable[[EmoAsstError], None]) -> None:
        self._on_picture = on_picture
        self._on_failure = on_failure
        self._changed = threading.Condition()
        self._path: Source | None = None
        self._opens = False
        self._time_s: float | None = None
        self._num_steps = 0
        self._is_closed = False
        self._process: PictureProcess | None = None
        self._thread = threading.Thread(target=self._run, name="playback")
        self._thread.start()

    def open(self, path: Source | None) -> None:
        """Show another recording, from its start; None for none."""
        with self._changed:
            self._path, self._opens, self._time_s, self._num_steps = path, True, 0.0, 0
            self._interrupt()

    def show(self, time_s: float) -> None:
        """Show the picture of a moment."""
        with self._changed:
            self._time_s, self._num_steps = time_s, 0
            self._changed.notify_all()

    def step(self, num_frames: int) -> None:
        """Go so many pictures on, or back, from the one shown."""
        with self._changed:
            self._num_steps += num_frames
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._interrupt()
        self._thread.join()

    def _interrupt(self) -> None:
        """Nobody waits for the recording before; its decoder may hang."""
        if self._process is not None:
            self._process.end()
        self._changed.notify_all()

    def _run(self) -> None:
        shown_s = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or self._opens or self._time_s is not None or self._num_steps)
                if self._opens or self._is_closed:
                    self._change_process()
                if self._is_closed:
                    return
                process, time_s, num_steps = self._process, self._time_s, self._num_steps
                self._time_s, self._num_steps = None, 0
            if process is None:
                continue
            try:
                frame = process.step(shown_s if time_s is None else time_s, num_steps)
            except EmoAsstError as error:
                if not self._opens and not self._is_closed:
                    self._on_failure(error)
                continue
            if frame is not None:
                shown_s = frame.time_s
                self._on_picture(frame)

    def _change_process(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process, self._opens = None, False
        if self._path is None or self._is_closed:
            return
        try:
            self._process = PictureProcess(self._path)
        except EmoAsstError as error:
            self._on_failure(error)
