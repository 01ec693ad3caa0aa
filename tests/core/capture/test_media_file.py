from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile, load_image, load_sound, probe
from emoasst_core.capture.sources import AudioSource, FrameSource
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import MediaError
from tests import media


def read(path: Path, **options) -> tuple[list[Frame], list[AudioBlock], MediaFile]:
    recording = MediaFile(path, **options)
    items = list(recording)
    frames = [item for item in items if isinstance(item, Frame)]
    return frames, [item for item in items if isinstance(item, AudioBlock)], recording


def joined(blocks: list[AudioBlock]) -> np.ndarray:
    return np.concatenate([block.samples for block in blocks])


def frequency_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * SAMPLE_RATE_HZ / len(samples))


def is_red(image: np.ndarray, row: int, column: int) -> bool:
    red, green, blue = image[row, column].astype(int)
    return red > green + 60 and red > blue + 60


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_picture_and_sound_come_in_time_order(tmp_path: Path, ending: str) -> None:
    items = list(MediaFile(media.talking_ramp(tmp_path / f"clip.{ending}")))
    times = [item.time_s if isinstance(item, Frame) else item.start_s for item in items]
    assert times == sorted(times)
    assert {type(item) for item in items} == {Frame, AudioBlock}


def test_frames_carry_the_ramp_at_their_times(tmp_path: Path) -> None:
    frames, _, recording = read(media.talking_ramp(tmp_path / "clip.mp4"))
    assert [round(frame.time_s, 3) for frame in frames] == [round(index / 10, 3) for index in range(20)]
    for index, frame in enumerate(frames):
        assert frame.image.dtype == np.uint8 and frame.image.shape == (48, 64, 3)
        assert abs(int(frame.image[40, 50].mean()) - (40 + 160 * index // 19)) <= 8
    assert recording.warnings == []


def test_sound_is_contiguous_mono_and_keeps_its_pitch(tmp_path: Path) -> None:
    sound = media.tone(2.0, 1000.0, rate_hz=44_100)
    path = media.write_recording(tmp_path / "clip.mkv", None, np.stack([sound, sound], 1), sound_rate_hz=44_100, layout="stereo")
    _, blocks, _ = read(path)
    assert all(abs(later.start_s - earlier.end_s) < 1e-9 for earlier, later in pairwise(blocks))
    samples = joined(blocks)
    assert samples.dtype == np.float32 and abs(len(samples) / SAMPLE_RATE_HZ - 2.0) < 0.06
    assert abs(frequency_hz(samples) - 1000.0) < 2.0
    assert np.abs(samples[4000:-4000]).max() == pytest.approx(0.5, abs=0.05)


def test_wav_samples_come_back_exactly(tmp_path: Path) -> None:
    sound = media.tone(1.03, 300.0)
    np.testing.assert_array_equal(load_sound(media.write_recording(tmp_path / "a.wav", None, sound)), sound)


def test_sound_that_starts_late_keeps_its_time(tmp_path: Path) -> None:
    path = media.talking_ramp(tmp_path / "clip.mkv", sound_from_s=0.5)
    frames, blocks, _ = read(path)
    assert frames[0].time_s == pytest.approx(0.0, abs=0.03)
    assert blocks[0].start_s == pytest.approx(0.5, abs=0.07)


def test_a_gap_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    import av

    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for start_s in (0.0, 1.0):
            frame = av.AudioFrame.from_ndarray((media.tone(0.5) * 32767).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16_000, round(start_s * 16_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _, blocks, _ = read(path)
    samples = joined(blocks)
    assert len(samples) == pytest.approx(24_000, abs=32)
    assert np.abs(samples[8200:15800]).max() == 0.0
    assert np.abs(samples[16500:]).max() > 0.4


def test_thinning_keeps_at_most_one_frame_per_slot_at_true_times(tmp_path: Path) -> None:
    frames, _, _ = read(media.talking_ramp(tmp_path / "clip.mp4", frame_rate_hz=30), frame_rate_hz=8.0)
    assert len(frames) == 16
    slots = [int(frame.time_s * 8 + 1e-6) for frame in frames]
    assert slots == list(range(16))


def test_variable_frame_rate_keeps_each_time(tmp_path: Path) -> None:
    times_s = [0.0, 0.04, 0.5, 0.52, 1.3]
    frames, _, _ = read(media.variable_rate(tmp_path / "clip.mkv", times_s))
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=0.002)


@pytest.mark.parametrize(
    ("rotation_deg", "size", "corner"),
    [(90, (64, 48), (62, 2)), (-90, (64, 48), (2, 46)), (180, (48, 64), (46, 62))],
)
def test_a_rotated_phone_video_is_upright(tmp_path: Path, rotation_deg: int, size, corner) -> None:
    frames, _, recording = read(media.rotated(tmp_path / "phone.mp4", rotation_deg))
    assert all(frame.image.shape == (*size, 3) for frame in frames)
    assert is_red(frames[0].image, *corner)
    assert (recording.info.height, recording.info.width) == size
    assert recording.info.rotation_deg == rotation_deg % 360


def test_odd_sizes_are_kept(tmp_path: Path) -> None:
    frames, _, _ = read(media.odd_sizes(tmp_path / "odd.mkv"))
    assert frames[0].image.shape == (51, 75, 3)
    assert is_red(frames[0].image, 3, 3) and not is_red(frames[0].image, 45, 70)


def test_large_pictures_are_shrunk(tmp_path: Path) -> None:
    pictures = [media.ramp_picture(0, 1, 1920, 1080)] * 2
    frames, _, recording = read(media.write_recording(tmp_path / "large.mp4", pictures))
    assert frames[0].image.shape == (720, 1280, 3)
    assert (recording.info.width, recording.info.height) == (1280, 720)


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    frames, blocks, recording = read(media.one_frame(tmp_path / "one.mp4"))
    assert len(frames) == 1 and frames[0].time_s == 0.0 and not blocks
    assert recording.info.has_video and not recording.info.has_audio


def test_no_sound_track_gives_only_frames(tmp_path: Path) -> None:
    frames, blocks, recording = read(media.silent_clip(tmp_path / "silent.mp4"))
    assert len(frames) == 10 and not blocks and not recording.info.has_audio
    with pytest.raises(MediaError, match="no sound"):
        load_sound(tmp_path / "silent.mp4")


@pytest.mark.parametrize("active", [None, 0, 3, 7])
def test_eight_channels_are_mixed_without_losing_or_overdriving_one(tmp_path: Path, active: int | None) -> None:
    path = media.eight_channels(tmp_path / "eight.wav", active)
    assert probe(path).num_channels == 8
    samples = load_sound(path)
    assert len(samples) == SAMPLE_RATE_HZ
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)
    assert abs(frequency_hz(samples) - 440) < 2


def test_a_cover_picture_is_not_video(tmp_path: Path) -> None:
    path = media.write_recording(tmp_path / "song.mp4", None, media.tone(1.0), cover=media.ramp_picture(0, 1))
    info = probe(path)
    assert info.has_audio and not info.has_video
    frames, blocks, _ = read(path)
    assert not frames and blocks


def test_not_a_number_becomes_silence(tmp_path: Path) -> None:
    sound = media.tone(0.5)
    sound[100:200], sound[300] = np.nan, np.inf
    samples = load_sound(media.write_recording(tmp_path / "nan.wav", None, sound))
    assert np.isfinite(samples).all() and np.abs(samples).max() <= 1.0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "absent.mp4", "no file"),
        (lambda folder: folder, "folder"),
        (lambda folder: media.renamed_text(folder / "text.mp4"), "not a sound or video file"),
        (lambda folder: media.cut(media.renamed_text(folder / "t.mp4"), folder / "zero.mp4", 0.0), "empty"),
        (lambda folder: media.zero_length_wav(folder / "zero.wav"), "no picture and no sound"),
        (lambda folder: media.cut(media.talking_ramp(folder / "whole.mp4"), folder / "cut.mp4", 0.6), "cut off"),
    ],
    ids=["missing", "folder", "text", "no bytes", "no samples", "index missing"],
)
def test_bad_input_says_what_happened_and_what_to_do(tmp_path: Path, make, says: str) -> None:
    with pytest.raises(MediaError, match=says) as caught:
        MediaFile(make(tmp_path))
    assert caught.value.next_step


def test_a_playlist_is_refused_and_never_followed(tmp_path: Path) -> None:
    target = media.sound_only(tmp_path / "secret.wav")
    for name, text in (
        ("list.mp4", f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{target}\n#EXT-X-ENDLIST\n"),
        ("concat.mp4", f"ffconcat version 1.0\nfile '{target.name}'\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(MediaError):
            MediaFile(tmp_path / name)


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_what_is_left_of_a_cut_recording_is_read_with_a_warning(tmp_path: Path, ending: str) -> None:
    whole = media.talking_ramp(tmp_path / f"whole.{ending}", 4.0, index_first=True)
    frames, blocks, recording = read(media.cut(whole, tmp_path / f"cut.{ending}", 0.5))
    assert 5 < len(frames) < 38 and blocks
    assert any("cut off" in warning for warning in recording.warnings)


def test_random_damage_never_raises_anything_but_media_errors(tmp_path: Path) -> None:
    data = np.frombuffer(media.talking_ramp(tmp_path / "whole.mkv").read_bytes(), np.uint8)
    generator = np.random.default_rng(5)
    num_read = 0
    for number in range(40):
        damaged = data.copy()
        damaged[generator.integers(0, len(data), 30)] = generator.integers(0, 256, 30)
        path = tmp_path / f"damaged{number}.mkv"
        path.write_bytes(damaged.tobytes())
        try:
            num_read += bool(list(MediaFile(path)))
        except MediaError as error:
            assert error.next_step
    assert num_read > 0


def test_a_recording_can_be_read_again_and_closed_midway(tmp_path: Path) -> None:
    recording = MediaFile(media.talking_ramp(tmp_path / "clip.mp4"))
    assert len(list(recording.frames())) == len(list(recording.frames())) == 20
    seen = []
    for item in recording:
        seen.append(item)
        if len(seen) == 5:
            recording.close()
    assert len(seen) <= 8 and recording.warnings == []


def test_a_media_file_is_both_sources(tmp_path: Path) -> None:
    recording = MediaFile(media.talking_ramp(tmp_path / "clip.mp4"))
    assert isinstance(recording, FrameSource) and isinstance(recording, AudioSource)


def test_load_sound_cuts_by_time(tmp_path: Path) -> None:
    sound = np.linspace(-0.9, 0.9, 2 * SAMPLE_RATE_HZ).astype(np.float32)
    path = media.write_recording(tmp_path / "ramp.wav", None, sound)
    np.testing.assert_array_equal(load_sound(path, 0.55, 1.33), sound[8_800:21_280])
    assert len(load_sound(path, 1.9, 5.0)) == 1_600
    assert len(load_sound(path, 3.0)) == 0


def test_a_still_picture_loads_as_rgb(tmp_path: Path) -> None:
    picture = media.ramp_picture(0, 1)
    cv2.imwrite(str(tmp_path / "still.png"), picture[..., ::-1])
    np.testing.assert_array_equal(load_image(tmp_path / "still.png"), picture)
    for path in (tmp_path / "absent.png", media.renamed_text(tmp_path / "text.png")):
        with pytest.raises(MediaError):
            load_image(path)


def test_playing_a_recording_does_not_load_opencv(tmp_path: Path):
    path = media.talking_ramp(tmp_path / "ramp.mp4", 0.5)
    code = (
        "import sys; from pathlib import Path; from emoasst_core.capture.media_file import MediaFile; "
        f"assert list(MediaFile(Path({str(path)!r}))); sys.exit('cv2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
