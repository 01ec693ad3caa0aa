from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pytest

from emoasst_core.capture.camera import Camera
from emoasst_core.capture.sources import FrameSource
from emoasst_core.errors import DeviceError
from tests import media


def test_a_camera_delivers_rgb_frames_in_time_order(tmp_path: Path) -> None:
    camera = Camera(str(media.silent_clip(tmp_path / "clip.mp4")))  # OpenCV opens a recording like a camera
    frames = list(islice(camera, 5))
    assert all(later.time_s >= earlier.time_s for earlier, later in pairwise(frames))
    assert frames[0].image.shape == (48, 64, 3)
    red, green, blue = frames[0].image[3, 3].astype(int)
    assert red > green + 60 and red > blue + 60
    assert camera.last_frame_s == frames[-1].time_s
    assert isinstance(camera, FrameSource)


def test_a_camera_that_ends_is_reported_lost(tmp_path: Path) -> None:
    camera = Camera(str(media.silent_clip(tmp_path / "clip.mp4")))
    with pytest.raises(DeviceError, match="stopped delivering"):
        list(camera)


def test_closing_ends_the_iteration(tmp_path: Path) -> None:
    camera = Camera(str(media.silent_clip(tmp_path / "clip.mp4")))
    seen = []
    for frame in camera:
        seen.append(frame)
        camera.close()
    assert len(seen) == 1


def test_a_missing_camera_says_what_to_do() -> None:
    with pytest.raises(DeviceError, match=r"is not there|cannot be opened") as caught:
        list(Camera("/dev/no-such-camera"))
    assert "Plug it in" in caught.value.next_step
