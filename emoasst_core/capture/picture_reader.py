"""Turns a decoded video stream into upright RGB frames with times that start at 0."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray

from emoasst_core.capture.media_container import Warn, decoded
from emoasst_core.datatypes import Frame

MAX_SIDE_PX = 1280  # faces of min_face_px are found in this; a larger picture costs time and shows nothing more
MAX_JUMP_S = 600.0  # time stamps that leap further, or back, are a fault of the file, not a pause
FALLBACK_RATE_HZ = 25.0
MAX_LENGTH_S = 12 * 3600.0  # no conversation is longer; a file of a few bytes can claim years
MAX_RATE_HZ = 1000.0  # on average; more pictures than this are there to keep the decoder busy
SPARE_PICTURES = 10_000  # before the average is looked at


class PictureReader:
    """Frames of one video stream.

    Args:
        container: from `media_container.opened`.
        stream: its video stream.
        origin_s: time stamp that becomes 0.
        frame_rate_hz: at most one frame per 1/rate seconds is kept; the others are decoded but never converted to RGB.
        warn: told what is missing.

    Attributes:
        rotation_deg: counter-clockwise turn applied to the latest picture.
    """

    def __init__(self, container: Any, stream: Any, origin_s: float, frame_rate_hz: float | None, warn: Warn) -> None:
        self._container = container
        self._stream = stream
        self._origin_s = origin_s
        self._frame_rate_hz = frame_rate_hz
        self._warn = warn
        self.rotation_deg = 0
        self._last_s = -math.inf
        self._slot = -1
        self._pixel_aspect = _pixel_aspect(stream)
        self._reformatter = VideoReformatter()

    def frames(self) -> Iterator[Frame]:
        """Frames in time order, thinned."""
        num_unreadable = 0
        for num_before, picture in enumerate(decoded(self._container, self._stream, self._warn)):
            time_s = self._place(picture)
            if self._last_s > MAX_LENGTH_S or num_before > SPARE_PICTURES + MAX_RATE_HZ * max(0.0, self._last_s):
                self._warn(f"The picture is far longer than any conversation; it was left out after {self._last_s:.0f} s.")
                return
            if time_s is not None and self._is_due(time_s):
                try:
                    image = self._convert(picture)
                except Exception:  # as in `decoded`: colours or a position that make no sense
                    num_unreadable += 1
                    continue
                yield Frame(time_s, image)
        if num_unreadable:
            self._warn(f"{num_unreadable} pictures that make no sense were left out.")

    def _place(self, picture: Any) -> float | None:
        """Session time of a picture, None for one that repeats an earlier time."""
        step_s = 1.0 / float(self._stream.average_rate or FALLBACK_RATE_HZ)
        expected_s = max(self._last_s + step_s, 0.0)
        time_s = expected_s if picture.time is None else max(picture.time - self._origin_s, 0.0)
        if self._last_s >= 0 and not -1.0 < time_s - self._last_s < MAX_JUMP_S:
            self._origin_s += time_s - expected_s
            self._warn(f"The picture's time stamps jump after {self._last_s:.1f} s; it was joined there.")
            time_s = expected_s
        if time_s <= self._last_s:
            return None
        self._last_s = time_s
        return time_s

    def _is_due(self, time_s: float) -> bool:
        if self._frame_rate_hz is None:
            return True
        slot = math.floor(time_s * self._frame_rate_hz + 1e-6)
        is_due = slot > self._slot
        self._slot = max(slot, self._slot)
        return is_due

    def _convert(self, picture: Any) -> NDArray[np.uint8]:
        width = picture.width * self._pixel_aspect
        shrink = min(1.0, MAX_SIDE_PX / max(width, picture.height))
        size = max(1, round(width * shrink)), max(1, round(picture.height * shrink))
        rgb = to_rgb(self._reformatter, picture, size)
        matrix = display_matrix(picture)
        self.rotation_deg = rotation_deg(matrix)
        return upright(rgb, matrix)


def to_rgb(reformatter: VideoReformatter, picture: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A decoded picture as (h, w, 3) RGB of `size` (w, h).

    Some films state colours that FFmpeg cannot convert (YCgCo, BT.2020 of constant luminance); theirs are taken for BT.709, which
    is a shade off and shows the same faces.

    Raises:
        av.FFmpegError: it cannot be converted at all.
    """
    try:
        shown = reformatter.reformat(picture, *size, format="rgb24")
    except av.FFmpegError:
        shown = reformatter.reformat(picture, *size, format="rgb24", src_colorspace=Colorspace.ITU709)
    return np.asarray(shown.to_ndarray(), np.uint8)


def _pixel_aspect(stream: Any) -> float:
    """Width of a pixel over its height; 1 unless the stream plausibly says otherwise."""
    aspect = stream.codec_context.sample_aspect_ratio
    return float(aspect) if aspect and 0.25 <= aspect <= 4 else 1.0


def display_matrix(picture: Any) -> NDArray[np.int32] | None:
    """(3, 3) matrix by which a phone says how its camera was held, or None."""
    data = picture.side_data.get("DISPLAYMATRIX")
    return None if data is None else np.frombuffer(bytes(data), "<i4", count=9).reshape(3, 3)


def rotation_deg(matrix: NDArray[np.int32] | None) -> int:
    """Counter-clockwise turn, in steps of 90, that makes the picture upright: 0, 90, 180 or 270.

    A point (x, y), y downwards, is shown at (x, y) @ matrix[:2, :2]; a mirrored matrix is un-mirrored first.
    """
    if matrix is None:
        return 0
    (a, b), (c, d) = matrix[:2, :2].astype(float)
    mirror = -1 if a * d - b * c < 0 else 1
    return round(math.degrees(math.atan2(-b * mirror, a * mirror)) / 90) % 4 * 90


def upright(image: NDArray[np.uint8], matrix: NDArray[np.int32] | None) -> NDArray[np.uint8]:
    """Turn (and mirror) a (h, w, 3) picture as its display matrix says."""
    if matrix is None:
        return image
    if np.linalg.det(matrix[:2, :2].astype(float)) < 0:
        image = image[:, ::-1]
    return np.ascontiguousarray(np.rot90(image, rotation_deg(matrix) // 90))
