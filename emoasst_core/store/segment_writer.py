"""One file of a recording: VP9 and Opus in Matroska, sealed as they come out of the muxer.

Clusters are a fifth of a second long: what the muxer still holds is what a kill takes.
"""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.store.sealed_file import SealedWriter

RATE_HZ: Final[float] = 15.0
MAX_SIDE_PX: Final[int] = 640
VIDEO_BITS_PER_S: Final[int] = 500_000
SOUND_BITS_PER_S: Final[int] = 24_000
SYNC_EVERY_S: Final[float] = 1.0
_MILLISECOND: Final = Fraction(1, 1000)
_MUXER: Final = {"cluster_time_limit": "200", "flush_packets": "1", "max_interleave_delta": "300000"}
_VP9: Final = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "row-mt": "0", "g": "30"}


def kept_size(frame: Frame) -> tuple[int, int]:
    """(width, height) a picture is kept at: at most 640 on the longer side, even."""
    height, width = frame.image.shape[:2]
    shrink = min(1.0, MAX_SIDE_PX / max(width, height))
    return max(2, round(width * shrink / 2) * 2), max(2, round(height * shrink / 2) * 2)


class SegmentWriter:
    """Encodes into one sealed file.

    Args:
        path: made; must not exist.
        key: (32,) bytes.
        start_s: session time of its beginning; nothing earlier may be given to it.
        size: (width, height) of its pictures; None for none.
        has_sound: whether sound will come.

    Raises:
        OSError: the disk refuses, here or later.
    """

    def __init__(self, path: Path, key: bytes, start_s: float, size: tuple[int, int] | None, has_sound: bool) -> None:
        self.path = path
        self.start_s = start_s
        self.end_s = start_s
        self.size = size
        self.has_sound = has_sound
        self._sealed = SealedWriter(path, key)
        self._synced_s = time.monotonic()
        self._last_pts = -1
        self._container = av.open(self._sealed, "w", format="matroska", options=_MUXER)
        self._video = self._video_stream(size) if size is not None else None
        self._sound = self._sound_stream() if has_sound else None

    def frame(self, frame: Frame) -> None:
        """Add a picture."""
        assert self._video is not None and self.size is not None
        pts = max(self._last_pts + 1, round(1000 * (frame.time_s - self.start_s)))
        image = frame.image if kept_size(frame) == frame.image.shape[1::-1] else cv2.resize(
            frame.image, self.size, interpolation=cv2.INTER_AREA
        )  # fmt: skip
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        picture.pts, picture.time_base, self._last_pts = pts, self._video.time_base, pts
        self._mux(self._video.encode(picture.reformat(format="yuv420p")))
        self.end_s = max(self.end_s, frame.time_s)

    def sound(self, block: AudioBlock) -> None:
        """Add a block of sound."""
        assert self._sound is not None
        if not len(block.samples):
            return
        samples = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.samples, np.float32)[None], format="flt", layout="mono")
        samples.sample_rate = SAMPLE_RATE_HZ
        samples.pts = round((block.start_s - self.start_s) * SAMPLE_RATE_HZ)
        self._mux(self._sound.encode(samples))
        self.end_s = max(self.end_s, block.end_s)

    def finish(self) -> None:
        """Encode what the encoders still hold, and give the file its end."""
        for stream in (self._video, self._sound):
            if stream is not None:
                self._mux(stream.encode(None))
        self._container.close()
        self._sealed.finish()

    def abandon(self) -> None:
        """Close the file as it is, after a fault; it can be recovered."""
        self._sealed.abandon()

    def _mux(self, packets: Any) -> None:
        self._container.mux(packets)
        if time.monotonic() - self._synced_s >= SYNC_EVERY_S:
            self._sealed.sync()
            self._synced_s = time.monotonic()

    def _video_stream(self, size: tuple[int, int]) -> Any:
        stream = self._container.add_stream("libvpx-vp9", rate=round(RATE_HZ), options=dict(_VP9))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate, stream.codec_context.thread_count = VIDEO_BITS_PER_S, 1
        stream.time_base = stream.codec_context.time_base = _MILLISECOND
        return stream

    def _sound_stream(self) -> Any:
        stream = self._container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = SOUND_BITS_PER_S
        return stream
