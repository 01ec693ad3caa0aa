"""A recording as a source: picture and sound, each decoded once, in time order, in constant memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_container import Reopenable, audio_stream, opened, start_s, video_stream
from emoasst_core.capture.media_info import MediaInfo
from emoasst_core.capture.picture_reader import FALLBACK_RATE_HZ, PictureReader
from emoasst_core.capture.sound_reader import SoundReader
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import MediaError

MISSING_S = 0.5  # a recording that ends this much before its stated end was cut


def probe(path: Path) -> MediaInfo:
    """Look into a recording: reads its header, its first picture and its first sound.

    Raises:
        MediaError: missing, empty, not media, or nothing in it can be decoded.
    """
    return MediaFile(path).info


class MediaFile:
    """A recording on disk. Iterating yields `Frame | AudioBlock` in time order; it can be iterated again.

    Args:
        path: the recording: a file, or an encrypted recording as the store opens it.
        frame_rate_hz: keep at most this many frames per second of recording, None for all.

    Attributes:
        info: what it holds.
        warnings: what could not be read, one sentence each; complete once iterated to the end.

    Raises:
        MediaError: missing, empty, not media, or nothing in it can be decoded.
    """

    def __init__(self, path: Path | Reopenable, frame_rate_hz: float | None = None) -> None:
        self.path = Path(path) if isinstance(path, str) else path
        self.warnings: list[str] = []
        self._frame_rate_hz = frame_rate_hz
        self._is_closed = False
        self._origin_s = 0.0
        self.info = self._look_into()

    @property
    def source_id(self) -> str:
        """Name of the file."""
        return self.path.name

    def close(self) -> None:
        """End iterations that are under way."""
        self._is_closed = True

    def __iter__(self) -> Iterator[Frame | AudioBlock]:
        """Pictures and sound in time order.

        Each stream has its own file handle: recordings that store all sound after all pictures would otherwise have to
        be held in memory.
        """
        end_s = 0.0
        streams: tuple[Iterator[Frame | AudioBlock], ...] = (self.frames(), self.blocks())
        for item in heapq.merge(*streams, key=_time_s):
            end_s = max(end_s, item.end_s if isinstance(item, AudioBlock) else item.time_s)
            yield item
        if not self._is_closed and end_s < self.info.duration_s - max(MISSING_S, 2 / (self.info.frame_rate_hz or np.inf)):
            self._warn(f"The recording was cut off: it ends at {end_s:.1f} s of {self.info.duration_s:.1f} s.")

    def frames(self) -> Iterator[Frame]:
        """Only the pictures."""
        if not self.info.has_video:
            return
        with opened(self.path) as container:
            reader = PictureReader(container, video_stream(container), self._origin_s, self._frame_rate_hz, self._warn)
            yield from self._until_closed(reader.frames())

    def blocks(self) -> Iterator[AudioBlock]:
        """Only the sound."""
        if not self.info.has_audio:
            return
        with opened(self.path) as container:
            reader = SoundReader(container, audio_stream(container), self._origin_s, self._warn)
            yield from self._until_closed(reader.blocks())

    def _until_closed(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            if self._is_closed:
                return
            yield item

    def _warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def _look_into(self) -> MediaInfo:
        with opened(self.path) as container:
            video, audio = video_stream(container), audio_stream(container)
            starts = [start for stream in (video, audio) if stream and (start := start_s(stream)) is not None]
            self._origin_s = min(starts, default=0.0)
            duration_s = _stated_duration_s(container)
            rate_hz = float(video.average_rate or FALLBACK_RATE_HZ) if video else 0.0
            pictures = PictureReader(container, video, self._origin_s, None, self._warn) if video else None
            shown = next(pictures.frames(), None) if pictures else None
        with opened(self.path) as container:
            audio = audio_stream(container)
            sounds = SoundReader(container, audio, self._origin_s, self._warn) if audio else None
            heard = next(sounds.blocks(), None) if sounds else None
        if shown is None and heard is None:
            raise MediaError(
                f"{self.path.name} holds no picture and no sound that can be decoded.",
                "Check that it plays in a media player; if it does, export it as MP4, MKV or WAV.",
            )
        if pictures and shown is None:
            self._warn("The picture cannot be decoded; only the sound is used.")
        if sounds and heard is None:
            self._warn("The sound cannot be decoded; only the picture is used.")
        return MediaInfo(
            duration_s=_scanned_duration_s(self.path, self._origin_s) if duration_s is None else duration_s,
            has_video=shown is not None,
            has_audio=heard is not None,
            width=shown.image.shape[1] if shown else 0,
            height=shown.image.shape[0] if shown else 0,
            rotation_deg=pictures.rotation_deg if pictures else 0,
            frame_rate_hz=rate_hz if shown else 0.0,
            sample_rate_hz=sounds.sample_rate_hz if sounds else 0,
            num_channels=sounds.num_channels if sounds else 0,
        )


def load_image(path: Path) -> NDArray[np.uint8]:
    """A still picture, (h, w, 3) uint8 RGB, turned upright as its EXIF data say.

    Raises:
        MediaError: missing, or no picture.
    """
    import cv2  # only here: playing a recording does without it

    try:
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error, MemoryError) as error:
        raise MediaError(f"The picture {path} cannot be read.", "Check the name and that you may read it.") from error
    if image is None:
        raise MediaError(f"{Path(path).name} is not a picture that can be read.", "Use a JPEG or PNG file.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def load_sound(path: Path, start_s: float = 0.0, end_s: float | None = None) -> NDArray[np.float32]:
    """The sound of a recording between two times.

    Returns:
        (n,) float32, mono, 16 kHz; shorter than asked where the recording ends, silent where its sound has not begun.

    Raises:
        MediaError: the file cannot be used, or has no sound.
    """
    recording = MediaFile(path)
    if not recording.info.has_audio:
        raise MediaError(f"{recording.source_id} has no sound.", "Choose a recording with sound.")
    first = round(start_s * SAMPLE_RATE_HZ)
    pieces: list[NDArray[np.float32]] = []
    position = first
    for block in recording.blocks():
        if end_s is not None and block.start_s >= end_s:
            break
        block_start = round(block.start_s * SAMPLE_RATE_HZ)
        if block_start + len(block.samples) <= first:
            continue
        pieces.append(np.zeros(max(0, block_start - position), np.float32))
        pieces.append(block.samples[max(0, position - block_start) :])
        position = block_start + len(block.samples)
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    return samples if end_s is None else samples[: max(0, round(end_s * SAMPLE_RATE_HZ) - first)]


def _time_s(item: Frame | AudioBlock) -> float:
    return item.time_s if isinstance(item, Frame) else item.start_s


def _stated_duration_s(container: Any) -> float | None:
    """As the header says, None where it does not (a recording that was never closed)."""
    return float(container.duration / av.time_base) if container.duration and container.duration > 0 else None


def _scanned_duration_s(path: Path | Reopenable, origin_s: float) -> float:
    """End of the last packet; reads the file through without decoding it."""
    end_s = origin_s
    with opened(path) as container:
        try:
            for packet in container.demux(video=0) if container.streams.video else container.demux(audio=0):
                if packet.pts is not None:
                    end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        except av.FFmpegError:
            return end_s - origin_s  # what came before the fault is the recording
    return end_s - origin_s
