"""Pictures of a recording from anywhere, at any moment asked for, decoded in a process of its own."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from emoasst_core.capture.media_container import require_regular
from emoasst_core.datatypes import Frame
from emoasst_core.session.decoder_messages import READY
from emoasst_core.session.decoder_process import Answer, DecoderProcess
from emoasst_core.session.decoding_limits import ITEM_S, OPEN_S


class PictureProcess:
    """Like `PictureSeeker` for a file, decoded elsewhere. Use from one thread.

    Raises:
        MediaError: the file cannot be used, holds no picture, or breaks its decoder. Also raised by `step`.
    """

    def __init__(self, path: Path) -> None:
        require_regular(path)
        self._process = DecoderProcess(_seek, path)
        try:
            self._process.answer(OPEN_S)
        except BaseException:
            self._process.end()
            raise

    def step(self, time_s: float, num_frames: int) -> Frame | None:
        """See `PictureSeeker.step`."""
        self._process.ask((time_s, num_frames))
        frame: Frame | None = self._process.answer(ITEM_S)
        return frame

    def close(self) -> None:
        """End the process."""
        self._process.end()


def _seek(connection: Connection, answer: Answer, path: Path) -> None:
    from emoasst_core.session.playback import PictureSeeker  # which brings this module in

    seeker = PictureSeeker(path)
    answer(READY)
    while True:
        answer(seeker.step(*connection.recv()))
