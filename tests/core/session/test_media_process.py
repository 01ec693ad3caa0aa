"""A hostile recording harms the process that decodes it and nothing else."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

import bombs
import numpy as np
import pytest

from emoasst_core.capture import picture_reader
from emoasst_core.capture.media_file import MediaFile
from emoasst_core.errors import MediaError
from emoasst_core.session import media_process
from emoasst_core.session.decoder_process import DecoderProcess
from emoasst_core.session.media_process import MediaProcess
from emoasst_core.session.picture_process import PictureProcess
from emoasst_core.session.picture_seeker import PictureSeeker
from tests import media

WAIT_S = 60.0


def test_a_recording_decoded_in_the_other_process_is_the_same_picture_for_picture_and_sample_for_sample(tmp_path: Path) -> None:
    path = media.talking_ramp(tmp_path / "clip.mkv")
    here, there = MediaFile(path), MediaProcess(path)
    assert there.info == here.info and there.source_id == here.source_id
    for _ in range(2):  # it can be read again
        ours, theirs = list(here), list(there)
        assert [type(item) for item in theirs] == [type(item) for item in ours]
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(getattr(other, "image", None), getattr(mine, "image", None))
            np.testing.assert_array_equal(getattr(other, "samples", None), getattr(mine, "samples", None))
    assert there.warnings == here.warnings


def test_what_was_cut_off_is_told_as_before(tmp_path: Path) -> None:
    path = media.cut(media.talking_ramp(tmp_path / "whole.mkv", 4.0), tmp_path / "cut.mkv", 0.6)
    here, there = MediaFile(path), MediaProcess(path)
    assert [len(list(here)), here.warnings] == [len(list(there)), there.warnings]


def test_a_film_that_claims_thirty_thousand_pixels_a_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"no picture and no sound|not a sound or video file"):
        MediaProcess(bombs.huge_picture(tmp_path / "bomb.y4m"))


def test_more_pictures_than_any_camera_takes_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_reader, "SPARE_PICTURES", 300)
    film = MediaFile(bombs.endless_film(tmp_path / "fast.ivf", 5000, step_us=2))
    assert len(list(film.frames())) < 400
    assert any("far longer than any conversation" in warning for warning in film.warnings)


def test_a_film_of_years_in_a_few_bytes_ends_after_half_a_day(tmp_path: Path) -> None:
    film = MediaFile(bombs.endless_film(tmp_path / "long.ivf", 200, step_us=500_000_000))
    assert list(film.frames())[-1].time_s < picture_reader.MAX_LENGTH_S + 500
    assert any("far longer" in warning for warning in film.warnings)


def test_silence_without_end_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from emoasst_core.capture import sound_reader

    monkeypatch.setattr(sound_reader, "MAX_LENGTH_S", 60.0)
    sound = MediaFile(bombs.endless_silence(tmp_path / "silence.flac", 600))
    assert 50 < max(block.end_s for block in sound.blocks()) < 80
    assert any("far longer" in warning for warning in sound.warnings)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for opens in (MediaFile, MediaProcess):
        with pytest.raises(MediaError, match="a device or a pipe"):
            opens(tmp_path / "pipe.mp4")


def test_a_decoder_that_takes_all_memory_is_ended_and_says_so(tmp_path: Path) -> None:
    process = DecoderProcess(bombs.take_memory, tmp_path / "a.mkv")
    with pytest.raises(MediaError, match=r"a\.mkv asks for far more memory"):
        process.answer(WAIT_S)
    process.end()


def test_a_decoder_that_hangs_is_ended_in_time(tmp_path: Path) -> None:
    process, began = DecoderProcess(bombs.hang, tmp_path / "a.mkv"), time.monotonic()
    with pytest.raises(MediaError, match="takes too long"):
        process.answer(0.5)
    assert time.monotonic() - began < 5
    process.end()


def test_a_decoder_that_crashes_is_a_message(tmp_path: Path) -> None:
    process = DecoderProcess(bombs.die, tmp_path / "a.mkv")
    with pytest.raises(MediaError, match="broke its decoder; nothing else was harmed"):
        process.answer(WAIT_S)
    process.end()


@pytest.mark.skipif(os.name == "nt", reason="no such limit on Windows")
def test_the_decoder_can_write_no_file(tmp_path: Path) -> None:
    process = DecoderProcess(bombs.write_a_file, tmp_path / "a.mkv")
    assert process.answer(WAIT_S) == ["File too large"]
    process.end()
    assert not (tmp_path / "escaped").exists() or (tmp_path / "escaped").stat().st_size == 0


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "aarch64"), reason="no such wall on this system"
)
def test_the_process_that_decodes_reaches_no_network(tmp_path: Path) -> None:
    process = DecoderProcess(bombs.connect_out, tmp_path / "a.mkv")
    assert [process.answer(WAIT_S) for _ in range(3)] == 3 * [["Permission denied"]]
    process.end()


@pytest.mark.parametrize("says", [bombs.send_code, bombs.send_nonsense])
def test_a_decoder_that_was_taken_over_can_make_its_listener_run_nothing(tmp_path: Path, says) -> None:
    process = DecoderProcess(says, tmp_path / "a.mkv")
    with pytest.raises(MediaError, match="said nonsense"):
        process.answer(WAIT_S)
    process.end()
    assert not (tmp_path / "code-was-run").exists()


def test_closing_ends_the_iteration_and_the_process(tmp_path: Path) -> None:
    recording = MediaProcess(media.talking_ramp(tmp_path / "clip.mkv", 20.0))
    items = iter(recording)
    next(items)
    recording.close()
    assert len(list(items)) < 100
    assert not recording._process._process.is_alive()


def test_a_file_whose_decoding_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_process, "_decode", bombs.hang)
    monkeypatch.setattr(media_process, "open_limit_s", lambda _num_bytes: 0.3)
    with pytest.raises(MediaError, match="takes too long"):
        MediaProcess(media.one_frame(tmp_path / "clip.mkv"))


def test_pictures_asked_for_one_by_one_come_from_the_other_process(tmp_path: Path) -> None:
    path = media.talking_ramp(tmp_path / "clip.mkv")
    here, there = PictureSeeker(path), PictureProcess(path)
    for time_s, num_steps in ((0.0, 0), (1.55, 0), (1.0, 3), (0.5, -2), (9.0, 0)):
        ours, theirs = here.step(time_s, num_steps), there.step(time_s, num_steps)
        assert theirs.time_s == ours.time_s
        np.testing.assert_array_equal(theirs.image, ours.image)
    there.close()
    here.close()
    assert not there._decoder._process.is_alive()
    silent = PictureProcess(media.sound_only(tmp_path / "voice.wav"))
    with pytest.raises(MediaError, match="no picture"):
        silent.step(0.0, 0)
    silent.close()
