"""Pictures whose colours or positions make no sense never end a recording."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from emoasst_core.capture import picture_reader
from emoasst_core.capture.media_file import MediaFile
from emoasst_core.session.picture_seeker import PictureSeeker
from tests import media


@pytest.mark.parametrize("colours", [8, 10, 14], ids=["YCgCo", "BT.2020 of constant luminance", "ICtCp"])
def test_a_film_of_colours_that_cannot_be_converted_is_read_a_shade_off(tmp_path: Path, colours: int) -> None:
    path = tmp_path / "odd.mkv"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=10, width=64, height=48, pix_fmt="yuv420p")
        stream.codec_context.colorspace = colours
        grey = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24").reformat(format="yuv420p")
        for number in range(3):
            grey.pts = number
            film.mux(stream.encode(grey))
        film.mux(stream.encode(None))
    recording = MediaFile(path)
    frames = list(recording.frames())
    assert len(frames) == 3 and all(abs(int(frame.image.mean()) - 90) < 5 for frame in frames)
    seeker = PictureSeeker(path)
    assert seeker.at(0.0) is not None
    seeker.close()


def test_pictures_that_make_no_sense_are_left_out_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = MediaFile(media.talking_ramp(tmp_path / "clip.mkv"))
    num_pictures, seen, as_it_is = len(list(recording.frames())), [], picture_reader.display_matrix

    def every_third_breaks(picture):
        seen.append(picture)
        if len(seen) % 3 == 0:
            raise ValueError("a position of too few numbers")
        return as_it_is(picture)

    monkeypatch.setattr(picture_reader, "display_matrix", every_third_breaks)
    num_left_out = num_pictures // 3
    assert len(list(recording.frames())) == num_pictures - num_left_out
    assert f"{num_left_out} pictures that make no sense were left out." in recording.warnings
