from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Box, Frame
from emoasst_core.errors import ModelError
from emoasst_core.faces.detector import CascadeDetector, YuNetDetector, open_detector
from emoasst_core.paths import demo_recording

needs_data = pytest.mark.skipif("EMOASST_DATA" not in os.environ, reason="EMOASST_DATA does not name the shared data folder")


def data_folder() -> Path:
    return Path(os.environ["EMOASST_DATA"])


def test_the_cascade_is_used_where_yunet_is_not_installed(tmp_path: Path) -> None:
    assert open_detector(FaceOptions(), None).name == "cascade"
    assert open_detector(FaceOptions(), tmp_path / "absent.onnx").name == "cascade"


def test_a_tampered_yunet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "face_detection_yunet_2023mar.onnx"
    path.write_bytes(b"not the model")
    with pytest.raises(ModelError, match="checksum"):
        YuNetDetector(path)


def test_a_damaged_yunet_file_is_said_and_the_cascade_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "face_detection_yunet_2023mar.onnx"
    path.write_bytes(b"cut off")
    assert open_detector(FaceOptions(), path).name == "cascade"
    assert "Install it again" in caplog.text


@pytest.mark.parametrize("size", [(48, 64), (1, 1), (30, 900), (480, 640)])
def test_no_face_is_found_where_there_is_none(size: tuple[int, int]) -> None:
    generator = np.random.default_rng(2)
    flat = np.full((*size, 3), 128, np.uint8)
    noise = generator.integers(0, 256, (*size, 3), np.uint8)
    detector = CascadeDetector()
    assert detector.detect(Frame(0.0, flat)) == []
    assert detector.detect(Frame(0.0, noise)) == []


@needs_data
@pytest.mark.parametrize("detector_name", ["cascade", "yunet"])
def test_real_faces_are_found_in_the_pixels_of_the_full_picture(detector_name: str) -> None:
    yunet = data_folder().parent / "models" / "face_detection_yunet_2023mar.onnx"
    if detector_name == "yunet" and not yunet.is_file():
        pytest.skip("the YuNet file is not beside the data folder")
    detector = CascadeDetector() if detector_name == "cascade" else YuNetDetector(yunet)
    frames = list(MediaFile(data_folder() / "clips" / "pyfeat_single_face.mp4", frame_rate_hz=4).frames())
    for frame in frames:
        (face,) = detector.detect(frame)
        height, width = frame.image.shape[:2]
        assert face.box.x >= 0 and face.box.x + face.box.width <= width
        assert face.box.y >= 0 and face.box.y + face.box.height <= height
    empty = MediaFile(data_folder() / "clips" / "pyfeat_no_face.mp4", frame_rate_hz=4)
    assert [detector.detect(frame) for frame in empty.frames()] == [[]] * len(list(empty.frames()))


@needs_data
def test_faces_smaller_than_the_limit_are_not_reported() -> None:
    frame = next(MediaFile(data_folder() / "clips" / "pyfeat_single_face.mp4").frames())
    (face,) = CascadeDetector().detect(frame)
    assert CascadeDetector(FaceOptions(min_face_px=round(face.box.width * 1.5))).detect(frame) == []


def test_the_near_search_finds_the_face_of_the_whole_search_and_none_elsewhere() -> None:
    frame = next(frame for frame in MediaFile(demo_recording()).frames() if CascadeDetector().detect(frame))
    detector = CascadeDetector()
    (face,) = detector.detect(frame)
    box = face.box
    (near,) = detector.detect_near(frame, [replace(box, x=box.x + 0.15 * box.width, y=box.y - 0.1 * box.height)])
    assert near.box.width == pytest.approx(box.width, rel=0.12)
    assert (near.box.x, near.box.y) == pytest.approx((box.x, box.y), abs=0.12 * box.width)
    assert detector.detect_near(frame, [Box(0.0, 0.0, 60.0, 60.0), Box(-500.0, -500.0, 80.0, 80.0)]) == []
    assert detector.detect_near(frame, []) == []
