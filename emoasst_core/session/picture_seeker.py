"""Any picture of a recording, exact to the frame. It decodes: use it in a decoder's process (`picture_process`)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.video.reformatter import VideoReformatter

from emoasst_core.capture.media_container import MAX_PIXELS, audio_stream, opened, opened_object, start_s, video_stream
from emoasst_core.capture.picture_reader import MAX_SIDE_PX, display_matrix, to_rgb, upright
from emoasst_core.datatypes import Frame
from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.session.playback_source import Stretch

FORWARD_S = 1.0  # up to here decoding on is quicker than seeking back to a key picture
BACK_STEPS_S = (0.0, 2.0, 10.0, 60.0)  # how far before the moment wanted a seek starts, until it lands before it
SOUND_ONLY = "Its sound can still be heard."


class NoPictureError(MediaError):
    """A file holds sound only."""


class PictureSeeker:
    """Random access to the pictures of one recording, exact to the frame. Use from one thread.

    Raises:
        MediaError: the file cannot be used, or holds no picture.
    """

    def __init__(self, path: Path | Callable[[], BinaryIO]) -> None:
        self._stack = ExitStack()
        try:
            opens = opened(path) if isinstance(path, Path) else opened_object(path())
            self._container = self._stack.enter_context(opens)
            stream = video_stream(self._container)
            if stream is None:
                name = path.name if isinstance(path, Path) else "This recording"
                raise NoPictureError(f"{name} has no picture.", SOUND_ONLY)
        except BaseException:
            self._stack.close()
            raise
        self._stream = stream
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # it may claim another size inside than its container does
        starts = [start for part in (stream, audio_stream(self._container)) if part and (start := start_s(part)) is not None]
        self._origin_s = min(starts, default=0.0)
        self._reformatter = VideoReformatter()
        self._pictures: Iterator[Any] = iter(())
        self._current: Any = None
        self._next: Any = None

    def close(self) -> None:
        """Give the file back."""
        self._stack.close()

    def at(self, time_s: float) -> Frame | None:
        """The picture on screen at a moment: the last one that begins at or before it, else the first."""
        if self._current is None or not 0 <= time_s - self._time_s(self._current) <= FORWARD_S:
            self._seek(time_s)
        while self._next is not None and self._time_s(self._next) <= time_s + 1e-6:
            self._advance()
        return self._frame()

    def step(self, time_s: float, num_frames: int) -> Frame | None:
        """The picture so many frames after (or, if negative, before) the one at a moment; stays at either end."""
        frame = self.at(time_s)
        for _ in range(num_frames):
            if self._next is not None:
                self._advance()
                frame = self._frame()
        for _ in range(-num_frames):
            if frame is not None:
                frame = self.at(max(0.0, frame.time_s - 1e-3))
        return frame

    def _seek(self, time_s: float) -> None:
        for back_s in BACK_STEPS_S:
            target_s = max(0.0, time_s - back_s) + self._origin_s
            self._container.seek(int(target_s / self._stream.time_base), stream=self._stream)
            self._pictures = self._decode()
            self._current, self._next = next(self._pictures, None), next(self._pictures, None)
            if self._current is not None and (self._time_s(self._current) <= time_s or target_s <= self._origin_s):
                return

    def _decode(self) -> Iterator[Any]:
        for packet in self._container.demux(self._stream):
            try:
                pictures = packet.decode()
            except av.FFmpegError:  # a damaged part is left out; the picture before it stays
                continue
            yield from pictures

    def _advance(self) -> None:
        self._current, self._next = self._next, next(self._pictures, None)

    def _time_s(self, picture: Any) -> float:
        return max(0.0, float(picture.time or 0.0) - self._origin_s)

    def _frame(self) -> Frame | None:
        picture = self._current
        if picture is None:
            return None
        shrink = min(1.0, MAX_SIDE_PX / max(picture.width, picture.height))
        size = max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink))
        try:
            rgb = to_rgb(self._reformatter, picture, size)
        except av.FFmpegError:  # it makes no sense
            return None
        return Frame(self._time_s(picture), upright(rgb, display_matrix(picture)))


class StretchSeeker:
    """The pictures of a session kept in several files, each for a stretch of its time. Use from one thread.

    Raises:
        MediaError: a file cannot be used.
    """

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = sorted(stretches, key=lambda stretch: stretch.start_s)
        self._seeker: PictureSeeker | None = None
        self._place = -1
        self._first: int | None = None

    def close(self) -> None:
        """Give the file back."""
        if self._seeker is not None:
            self._seeker.close()
            self._seeker = None

    def step(self, time_s: float, num_frames: int) -> Frame | None:
        """The picture so many frames from the one at a moment, across files; stays at either end.

        Where the microphone was ready before the camera, files of sound come first: the first picture stands for them.

        Raises:
            MediaError: nothing but sound was kept of this moment, or its file cannot be used.
        """
        place = max(0, bisect_right([stretch.start_s for stretch in self._stretches], time_s) - 1)
        try:
            frame = self._in_file(place, time_s, 0)
        except NoPictureError as error:
            first = self._first_with_picture()
            if place >= first:
                raise error if place == first else MediaError("No picture was kept of this moment.", SOUND_ONLY) from error
            place, frame = first, self._in_file(first, time_s, 0)
        direction = 1 if num_frames > 0 else -1
        for _ in range(abs(num_frames)):
            moved = self._in_file(place, frame.time_s, direction) if frame is not None else None
            is_at_edge = moved is None or frame is None or moved.time_s == frame.time_s
            if is_at_edge:
                place, moved = self._in_next_file(place, direction)
            frame = moved or frame
        return frame

    def _first_with_picture(self) -> int:
        """Which file is the first that holds a picture; 0 where none does."""
        if self._first is None:
            self._first = 0
            for place, stretch in enumerate(self._stretches):
                try:
                    PictureSeeker(stretch.open).close()
                except NoPictureError:
                    continue
                except EmoAsstError:  # damaged: that is told when its moment is wanted
                    pass
                self._first = place
                break
        return self._first

    def _in_next_file(self, place: int, direction: int) -> tuple[int, Frame | None]:
        """The nearest picture in the files that follow in one direction, and in which of them it is."""
        beyond = place + direction
        while 0 <= beyond < len(self._stretches):
            try:
                edge_s = self._stretches[beyond].start_s if direction > 0 else self._last_s(beyond)
                return beyond, self._in_file(beyond, edge_s, 0)
            except NoPictureError:
                beyond += direction
        return place, None

    def _last_s(self, place: int) -> float:
        """A moment in the last picture of a file, or after it."""
        later = self._stretches[place + 1].start_s if place + 1 < len(self._stretches) else math.inf
        return min(self._stretches[place].end_s, later)

    def _in_file(self, place: int, time_s: float, num_frames: int) -> Frame | None:
        if place != self._place or self._seeker is None:
            self.close()
            self._seeker, self._place = PictureSeeker(self._stretches[place].open), place
        start_s = self._stretches[place].start_s
        frame = self._seeker.step(max(0.0, time_s - start_s), num_frames)
        return replace(frame, time_s=frame.time_s + start_s) if frame is not None else None
