"""Camera and microphone tried out before a session: shown and metered, never analysed, never kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from emoasst_core.errors import EmoAsstError
from emoasst_core.session.events import FrameSeen, LevelHeard, SessionEvent, SessionFailed
from emoasst_core.session.runner import open_camera, open_microphone
from emoasst_core.windows.sound_quality import level_db

if TYPE_CHECKING:
    from emoasst_core.capture.sources import AudioSource, FrameSource

JOIN_S = 3.0  # a camera that hangs is left to its own time-out

_log = logging.getLogger(__name__)


class DevicePreview:
    """Runs at most one trial at a time; each device has a thread of its own, so that one that hangs holds up nothing.

    Args:
        tell: called from those threads with `FrameSeen`, `LevelHeard`, or `SessionFailed` where a device cannot be used.
    """

    def __init__(self, tell: Callable[[SessionEvent], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._number = 0
        self._sources: list[FrameSource | AudioSource] = []
        self._threads: list[threading.Thread] = []

    @property
    def is_running(self) -> bool:
        """Whether a device is on, or about to be."""
        return any(thread.is_alive() for thread in self._threads)

    def start(self, camera_id: str | None, microphone_id: str | None) -> None:
        """Switch on these instead of those that were on; returns at once."""
        self.stop()
        with self._lock:
            number = self._number
            jobs = []
            if camera_id is not None:
                jobs.append(partial(self._look, number, camera_id))
            if microphone_id is not None:
                jobs.append(partial(self._listen, number, microphone_id))
            self._threads = [
                threading.Thread(target=self._guarded, args=(job, number), name="preview", daemon=True) for job in jobs
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """Switch everything off; what comes after this call is no news any more."""
        with self._lock:
            self._number += 1
            sources, self._sources = self._sources, []
        for source in sources:
            source.close()

    def wait(self) -> None:
        """Wait until the devices are off, so that a session can open them."""
        for thread in self._threads:
            thread.join(JOIN_S)

    def _look(self, number: int, camera_id: str) -> None:
        camera = open_camera(camera_id)
        if self._is_ours(number, camera):
            for frame in camera.frames():
                if number != self._number:
                    return
                self._tell(FrameSeen(frame))

    def _listen(self, number: int, microphone_id: str) -> None:
        microphone = open_microphone(microphone_id)
        if self._is_ours(number, microphone):
            for block in microphone.blocks():
                if number != self._number:
                    return
                self._tell(LevelHeard(block.end_s, level_db(block.samples)))

    def _is_ours(self, number: int, source: FrameSource | AudioSource) -> bool:
        with self._lock:
            if number == self._number:
                self._sources.append(source)
            return number == self._number

    def _guarded(self, job: Callable[[], None], number: int) -> None:
        try:
            job()
        except EmoAsstError as error:
            if number == self._number:
                self._tell(SessionFailed(error.message, error.next_step))
        except Exception as error:
            _log.exception("a device could not be tried")
            if number == self._number:
                self._tell(SessionFailed(f"The device cannot be used ({error}).", "Choose another one."))
