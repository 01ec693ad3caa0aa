"""A webcam as a source of frames, through OpenCV."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from emoasst_core.clock import SessionClock
from emoasst_core.datatypes import Frame
from emoasst_core.errors import DeviceError

READ_TIMEOUT_MS = 2_000  # a lost camera must be noticed within 2 s; OpenCV's own limit is 10 s
NUM_FAILURES = 10  # failed reads in a row that mean the camera is gone; single ones happen while the exposure settles


class Camera:
    """Frames of one camera, stamped with the session's clock.

    Args:
        camera_id: from `devices.list_cameras`; a plain number is OpenCV's own index.
        clock: the session's; by default time starts now.
        width, height: asked of the camera, which may deliver its nearest size.

    Attributes:
        last_frame_s: time of the latest frame, None before the first: an old one means the camera hangs.
    """

    def __init__(self, camera_id: str, clock: SessionClock | None = None, width: int = 640, height: int = 480) -> None:
        self._camera_id = camera_id
        self._clock = clock or SessionClock()
        self._size = width, height
        self._is_closed = Event()
        self.last_frame_s: float | None = None

    @property
    def source_id(self) -> str:
        """The camera's stable id."""
        return self._camera_id

    def __iter__(self) -> Iterator[Frame]:
        """See `frames`."""
        return self.frames()

    def frames(self) -> Iterator[Frame]:
        """Frames as they come, until `close`.

        Raises:
            DeviceError: missing, in use, not permitted, or unplugged on the way.
        """
        capture = self._open()
        num_failures = 0
        try:
            while not self._is_closed.is_set():
                try:
                    is_read, picture = capture.read()
                except cv2.error as error:
                    raise self._lost() from error
                num_failures = 0 if is_read else num_failures + 1
                if num_failures >= NUM_FAILURES:
                    raise self._lost()
                if is_read:
                    self.last_frame_s = self._clock.now_s()
                    yield Frame(self.last_frame_s, np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8))
        finally:
            capture.release()

    def close(self) -> None:
        """End the iteration after the frame under way; may be called from another thread."""
        self._is_closed.set()

    def _open(self) -> cv2.VideoCapture:
        place = _place(self._camera_id)
        is_linux_device = sys.platform.startswith("linux") and (isinstance(place, int) or place.startswith("/dev/"))
        backend = cv2.CAP_V4L2 if is_linux_device else cv2.CAP_ANY
        capture = cv2.VideoCapture()
        try:
            is_open = capture.open(place, backend, [cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS])
            if not is_open:  # back ends refuse parameters they do not know
                is_open = capture.open(place, backend)
        except cv2.error as error:
            raise self._unavailable() from error
        if not is_open:
            raise self._unavailable()
        for setting, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, self._size[0]),
            (cv2.CAP_PROP_FRAME_HEIGHT, self._size[1]),
            (cv2.CAP_PROP_BUFFERSIZE, 1),  # an old picture is worse than a dropped one
        ):
            capture.set(setting, value)
        return capture

    def _unavailable(self) -> DeviceError:
        return unavailable(self._camera_id)

    def _lost(self) -> DeviceError:
        return DeviceError(f"The camera {self._camera_id} stopped delivering pictures.", "Check its plug, then start again.")


def unavailable(camera_id: str) -> DeviceError:
    """Why a camera cannot be opened, as far as the system says: missing, not permitted, or in use."""
    path = Path(camera_id)
    if path.is_absolute() and sys.platform.startswith("linux"):
        if not path.exists():
            return DeviceError(f"The camera {camera_id} is not there.", "Plug it in, or choose another.", "missing")
        if not os.access(path, os.R_OK | os.W_OK):
            step = "Allow camera access in the system's privacy settings (on Linux: join the group video), then start again."
            return DeviceError(f"The camera {camera_id} may not be used by this program.", step, "not permitted")
        step = "Close other programs that use it, then start again."
        return DeviceError(f"The camera {camera_id} is used by another program.", step, "busy")
    return DeviceError(
        f"The camera {camera_id} cannot be opened.",
        "Plug it in, close other programs that use it, and allow camera access in the system's privacy settings.",
    )


def _place(camera_id: str) -> int | str:
    """What OpenCV opens: a path on Linux; elsewhere the number the camera has today."""
    if camera_id.isdecimal():
        return int(camera_id)
    if not sys.platform.startswith("linux"):
        try:
            from cv2_enumerate_cameras import enumerate_cameras
        except ImportError as error:
            raise DeviceError("Cameras cannot be found.", "Install the package cv2-enumerate-cameras.") from error
        for camera in enumerate_cameras():
            if camera.path == camera_id:
                return int(camera.index)
    return camera_id
