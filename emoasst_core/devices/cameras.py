"""The cameras that are plugged in, by an id that stays when others come and go."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from emoasst_core.errors import DeviceError


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """One camera: `camera_id` is what `capture.Camera` takes and settings keep; `name` is for people."""

    camera_id: str
    name: str


def list_cameras() -> list[CameraInfo]:
    """All cameras, without switching one on.

    Raises:
        DeviceError: the system cannot be asked.
    """
    if sys.platform.startswith("linux"):
        return linux_cameras(Path("/sys/class/video4linux"), Path("/dev"))
    return _other_cameras()


def linux_cameras(classes: Path, devices: Path) -> list[CameraInfo]:
    """Cameras as the kernel lists them.

    Args:
        classes: /sys/class/video4linux: one folder per node, holding its name and its index within the camera.
        devices: /dev: v4l/by-id holds links named after maker and serial number, which are stable.
    """
    links = {link.resolve().name: link for link in sorted((devices / "v4l" / "by-id").glob("*"))}
    cameras = []
    for node in sorted(classes.glob("video*"), key=lambda node: (len(node.name), node.name)):
        if _text(node / "index") != "0":  # a camera's further nodes carry metadata, no picture
            continue
        place = links.get(node.name, devices / node.name)
        cameras.append(CameraInfo(str(place), _text(node / "name") or node.name))
    return cameras


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace").strip() if path.is_file() else ""


def _other_cameras() -> list[CameraInfo]:
    try:
        from cv2_enumerate_cameras import enumerate_cameras
    except ImportError as error:
        raise DeviceError("Cameras cannot be listed.", "Install the package cv2-enumerate-cameras.") from error
    return [CameraInfo(camera.path or str(camera.index), camera.name) for camera in enumerate_cameras()]
