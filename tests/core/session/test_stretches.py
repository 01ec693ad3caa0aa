from __future__ import annotations

import io
from pathlib import Path

import pytest
from recordings import number_of, write_recording

from emoasst_core.errors import MediaError
from emoasst_core.session.picture_seeker import PictureSeeker, StretchSeeker
from emoasst_core.session.playback_source import Stretch


def test_pictures_come_from_a_file_object_as_from_a_path(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "clip.mp4", ("green", "red"))
    from_path, from_object = PictureSeeker(path), PictureSeeker(lambda: io.BytesIO(path.read_bytes()))
    try:
        for time_s in (0.0, 1.5, 0.7):
            one, other = from_path.at(time_s), from_object.at(time_s)
            assert one is not None and other is not None
            assert one.time_s == other.time_s and (one.image == other.image).all()
    finally:
        from_path.close()
        from_object.close()


def test_several_files_are_one_session_and_steps_stay_exact(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "clip.mp4", ("green", "red"))
    seeker = StretchSeeker([Stretch(start_s, lambda: io.BytesIO(path.read_bytes())) for start_s in (10.0, 0.0)])
    try:
        for time_s, wanted_s, number in ((0.55, 0.5, 5), (10.55, 10.5, 5), (12.5, 11.9, 19), (1.0, 1.0, 10)):
            frame = seeker.step(time_s, 0)
            assert frame is not None
            assert (frame.time_s, number_of(frame.image)) == (pytest.approx(wanted_s), number)
        after, before = seeker.step(10.5, 2), seeker.step(10.5, -1)
        assert after is not None and before is not None
        assert (number_of(after.image), number_of(before.image)) == (7, 4)
    finally:
        seeker.close()


def test_a_damaged_file_object_is_said_in_words() -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        StretchSeeker([Stretch(0.0, lambda: io.BytesIO(b"nonsense" * 100))]).step(0.0, 0)
