"""Makes small real recordings: tones and ramps whose content a test can predict, and every kind of bad input."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

RATE_HZ = 16_000


def tone(length_s: float, frequency_hz: float = 440.0, level: float = 0.5, rate_hz: int = RATE_HZ) -> np.ndarray:
    """(n,) float32 sine."""
    times = np.arange(round(length_s * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def ramp_picture(index: int, num_pictures: int, width: int = 64, height: int = 48) -> np.ndarray:
    """(height, width, 3) whose grey level grows with `index`, and whose upper left corner is red."""
    picture = np.full((height, width, 3), 40 + 160 * index // max(1, num_pictures - 1), np.uint8)
    picture[: height // 4, : width // 4] = (230, 20, 20)
    return picture


def write_recording(
    path: Path,
    pictures: list[np.ndarray] | None = None,
    sound: np.ndarray | None = None,
    *,
    frame_rate_hz: int = 10,
    times_s: list[float] | None = None,
    rotation_deg: int = 0,
    sound_rate_hz: int = RATE_HZ,
    sound_from_s: float = 0.0,
    layout: str = "mono",
    cover: np.ndarray | None = None,
    index_first: bool = False,
) -> Path:
    """Write an mp4, mkv or wav, by the ending of `path`.

    Args:
        pictures: (h, w, 3) uint8 each; None for a recording without picture.
        sound: (n,) or (n, num_channels) float32; None for one without sound.
        times_s: of each picture, for a variable frame rate.
        rotation_deg: counter-clockwise turn noted in the file, as phones do.
        cover: a still picture attached to the sound.
        index_first: an mp4's index stands before its content, so that it survives a cut.
    """
    with av.open(str(path), "w", options={"movflags": "faststart"} if path.suffix == ".mp4" and index_first else {}) as container:
        video = audio = attached = None
        if pictures is not None:
            video = container.add_stream("mpeg4", rate=frame_rate_hz)
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt = "yuv420p"
            video.bit_rate = 2_000_000
            video.codec_context.time_base = Fraction(1, 1000)
            if rotation_deg:
                video.set_display_rotation(rotation_deg)
        if sound is not None:
            codec = "pcm_f32le" if path.suffix == ".wav" else "aac"
            audio = container.add_stream(codec, rate=sound_rate_hz, layout=layout)
        if cover is not None:
            attached = container.add_stream("png", rate=1)
            attached.height, attached.width = cover.shape[:2]
            attached.pix_fmt = "rgb24"
            attached.disposition = Disposition.attached_pic
        if attached is not None:
            _mux(container, attached, [av.VideoFrame.from_ndarray(cover, "rgb24")])
        if video is not None:
            stamps = times_s or [index / frame_rate_hz for index in range(len(pictures))]
            _mux(container, video, _video_frames(pictures, stamps))
        if audio is not None:
            _mux(container, audio, _audio_frames(sound, sound_rate_hz, layout, sound_from_s))
    return path


def _video_frames(pictures, stamps):
    for picture, time_s in zip(pictures, stamps, strict=True):
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
        yield frame


def _audio_frames(sound, rate_hz, layout, from_s):
    interleaved = np.atleast_2d(sound.T).T.astype(np.float32)
    for start in range(0, len(interleaved), 1024):
        frame = av.AudioFrame.from_ndarray(interleaved[start : start + 1024].reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        frame.pts = start + round(from_s * rate_hz)
        yield frame


def _mux(container, stream, frames):
    for frame in frames:
        for packet in stream.encode(frame):
            container.mux(packet)
    for packet in stream.encode():
        container.mux(packet)


def talking_ramp(path: Path, length_s: float = 2.0, **options) -> Path:
    """A recording with a ramp of pictures and a tone, both `length_s` long."""
    rate_hz = options.setdefault("frame_rate_hz", 10)
    count = round(length_s * rate_hz)
    return write_recording(path, [ramp_picture(index, count) for index in range(count)], tone(length_s), **options)


def silent_clip(path: Path, length_s: float = 1.0) -> Path:
    """Pictures only."""
    count = round(length_s * 10)
    return write_recording(path, [ramp_picture(index, count) for index in range(count)])


def sound_only(path: Path, length_s: float = 1.0) -> Path:
    """A tone only."""
    return write_recording(path, None, tone(length_s))


def one_frame(path: Path) -> Path:
    """A video of one picture."""
    return write_recording(path, [ramp_picture(0, 1)])


def odd_sizes(path: Path) -> Path:
    """Pictures of 75 x 51 pixels."""
    return write_recording(path, [ramp_picture(index, 5, 75, 51) for index in range(5)])


def rotated(path: Path, rotation_deg: int) -> Path:
    """A wide picture that says it must be turned; its red corner is at the upper left as stored."""
    return write_recording(path, [ramp_picture(index, 5) for index in range(5)], rotation_deg=rotation_deg)


def variable_rate(path: Path, times_s: list[float]) -> Path:
    """Pictures at the given times."""
    pictures = [ramp_picture(index, len(times_s)) for index in range(len(times_s))]
    return write_recording(path, pictures, times_s=times_s)


def eight_channels(path: Path, active: int | None = None, length_s: float = 1.0) -> Path:
    """A tone on all of eight channels, or on one alone."""
    channels = np.zeros((round(length_s * RATE_HZ), 8), np.float32)
    channels[:, slice(None) if active is None else active] = tone(length_s)[:, None] if active is None else tone(length_s)
    return write_recording(path, None, channels, layout="7.1")


def zero_length_wav(path: Path) -> Path:
    """A wav header without a sample."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
    return path


def renamed_text(path: Path) -> Path:
    """Text under the name of a recording."""
    path.write_text("Dear diary, this is not a film.\n" * 40, encoding="utf-8")
    return path


def cut(source: Path, path: Path, share: float) -> Path:
    """The first part of a recording."""
    data = source.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    return path
