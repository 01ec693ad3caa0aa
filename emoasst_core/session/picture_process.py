"""Pictures of a recording at any moment asked for, decoded in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from emoasst_core.datatypes import Frame
from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.session.decoder_messages import READY
from emoasst_core.session.decoder_process import Answer, SourceDecoder, Spans, stretches_of
from emoasst_core.session.decoding_limits import ITEM_S, OPEN_S
from emoasst_core.session.playback_source import Source


class PictureProcess:
    """Like `PictureSeeker` and `StretchSeeker`, decoded elsewhere. Use from one thread; only `end` may come from any."""

    def __init__(self, source: Source) -> None:
        self._decoder = SourceDecoder(_seek, source)
        self._is_ready = False

    def step(self, time_s: float, num_frames: int) -> Frame | None:
        """See `PictureSeeker.step`.

        Raises:
            MediaError: the recording cannot be used, holds no picture, or breaks its decoder.
        """
        if not self._is_ready:
            self._decoder.answer(OPEN_S)
            self._is_ready = True
        self._decoder.ask((time_s, num_frames))
        frame: Frame | None = self._decoder.answer(ITEM_S)
        return frame

    def end(self) -> None:
        """End the process at once; a `step` under way fails."""
        self._decoder.end()

    def close(self) -> None:
        """End the process, and give back what it read."""
        self._decoder.close()


def pictures_at(source: Source, moments_s: Sequence[float]) -> list[Frame | None]:
    """Pictures of a recording, for thumbnails; None for a moment that has none.

    Raises:
        MediaError: it cannot be used.
    """
    process = PictureProcess(source)
    try:
        return [process.step(time_s, 0) for time_s in moments_s]
    finally:
        process.close()


def _seek(connection: Connection, answer: Answer, path: Path, spans: Spans) -> None:
    from emoasst_core.session.picture_seeker import PictureSeeker, StretchSeeker  # bring the decoder in

    stretches = stretches_of(connection, answer, spans)
    seeker = PictureSeeker(path) if stretches is None else StretchSeeker(stretches)
    answer(READY)
    while True:
        time_s, num_frames = connection.recv()
        try:
            frame = seeker.step(time_s, num_frames)
        except EmoAsstError as error:  # one part of it; the others may be whole
            answer(MediaError(error.message, error.next_step))
        else:
            answer(frame)
