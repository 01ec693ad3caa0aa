from __future__ import annotations

import cv2
import numpy as np
import pytest

from emoasst_core.datatypes import Face, Frame
from emoasst_core.errors import ConfigError
from emoasst_core.training.clip_reader import ClipReader
from emoasst_core.training.manifests.manifest import Manifest, Row
from tests.media import cut, renamed_text, silent_clip, talking_ramp


def read(tmp_path, row: Row, **options):
    return ClipReader(pictures="frame", **options).read(Manifest("made", tmp_path, (row,)), row)


def test_pictures_are_spread_evenly_over_the_named_part(tmp_path):
    talking_ramp(tmp_path / "clip.mp4", 4.0)
    clip = read(tmp_path, Row("a", "train", "joy", video="clip.mp4", start_s=2.0, end_s=4.0), num_frames=4)
    levels = [int(image[30, 40, 0]) for image in clip.pictures]
    expected = [40 + 160 * time_s * 10 / 39 for time_s in (2.25, 2.75, 3.25, 3.75)]
    assert np.allclose(levels, expected, atol=8)
    assert len(clip.samples) == pytest.approx(2.0 * 16_000, abs=1600)


def test_a_clip_with_fewer_frames_gives_each_of_them_once(tmp_path):
    silent_clip(tmp_path / "clip.mp4", 0.5)
    clip = read(tmp_path, Row("a", "train", "joy", video="clip.mp4"), num_frames=24)
    assert len(clip.pictures) == 5 and clip.samples is None and clip.error == ""


def test_sound_beyond_the_limit_is_not_read(tmp_path):
    talking_ramp(tmp_path / "clip.mp4", 3.0)
    clip = read(tmp_path, Row("a", "train", "joy", video="clip.mp4"), num_frames=2, max_sound_s=1.0)
    assert len(clip.samples) == pytest.approx(16_000, abs=1)


@pytest.mark.parametrize(
    "make", [renamed_text, lambda path: None, lambda path: cut(talking_ramp(path.with_suffix(".mkv")), path, 0.02)]
)
def test_an_unreadable_clip_is_an_error_and_never_an_exception(tmp_path, make):
    make(tmp_path / "clip.mp4")
    clip = read(tmp_path, Row("a", "train", "joy", video="clip.mp4"))
    assert clip.pictures == () and clip.samples is None and "clip.mp4" in clip.error


def test_face_crops_need_a_detector():
    with pytest.raises(ConfigError, match="detector"):
        ClipReader(pictures="face")


class FindsNothing:
    name = "cascade"

    def detect(self, _frame: Frame) -> list[Face]:
        return []


@pytest.mark.parametrize(("size", "num_pictures"), [((48, 48), 1), ((224, 200), 1), ((480, 640), 0)])
def test_a_picture_that_may_be_a_crop_is_read_though_no_face_is_found_in_it(tmp_path, size, num_pictures):
    cv2.imwrite(str(tmp_path / "face.png"), np.full((*size, 3), 90, np.uint8))
    row = Row("a", "train", "joy", video="face.png")
    clip = ClipReader(detector=FindsNothing()).read(Manifest("made", tmp_path, (row,)), row)
    assert len(clip.pictures) == num_pictures and clip.error == ""
    assert all(picture.shape == (min(size), min(size), 3) for picture in clip.pictures)
