"""The devices that are plugged in, looked for again and again while somebody may choose one."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from app.background import Background
from emoasst_core.devices.cameras import CameraInfo, list_cameras
from emoasst_core.devices.microphones import MicrophoneInfo, list_microphones
from emoasst_core.errors import DeviceError, EmoAsstError

LOOK_EVERY_MS = 2_000


@dataclass(frozen=True, slots=True)
class Devices:
    """What is plugged in, and what could not be asked."""

    cameras: tuple[CameraInfo, ...]
    microphones: tuple[MicrophoneInfo, ...]
    troubles: tuple[tuple[str, str], ...]


def find_devices() -> Devices:
    """List cameras and microphones; a part that cannot be listed is empty and its trouble is told."""
    troubles: list[tuple[str, str]] = []
    cameras: list[CameraInfo] = []
    microphones: list[MicrophoneInfo] = []
    try:
        cameras = list_cameras()
    except DeviceError as error:
        troubles.append((error.message, error.next_step))
    try:
        microphones = list_microphones()
    except DeviceError as error:
        troubles.append((error.message, error.next_step))
    return Devices(tuple(cameras), tuple(microphones), tuple(troubles))


class DeviceWatch(QObject):
    """Tells what is plugged in, at once and whenever that changes, between `start` and `stop`."""

    changed = Signal(object)
    failed = Signal(object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._last: Devices | None = None
        self._is_looking = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Look now and from now on."""
        self._last = None
        self._timer.start()
        self._look()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def _look(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._background.run(find_devices, self._take, self._fail)

    def _take(self, devices: Devices) -> None:
        self._is_looking = False
        if self._timer.isActive() and devices != self._last:
            self._last = devices
            self.changed.emit(devices)

    def _fail(self, error: EmoAsstError) -> None:
        self._is_looking = False
        self.failed.emit(error)
