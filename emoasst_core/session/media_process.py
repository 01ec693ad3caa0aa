"""A recording from anywhere, decoded in a process of its own: the same frames and sound as `MediaFile` gives."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.capture.media_info import MediaInfo, require_regular
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import MediaError
from emoasst_core.session.decoder_process import Answer, DecoderProcess
from emoasst_core.session.decoding_limits import ITEM_S, open_limit_s


class MediaProcess:
    """Like `MediaFile`, decoded elsewhere. Iterating again decodes again.

    Args:
        path: the recording.
        frame_rate_hz: keep at most this many frames per second of recording, None for all.

    Attributes:
        info: what it holds.
        warnings: what could not be read, one sentence each; complete once iterated to the end.

    Raises:
        MediaError: it cannot be used, or asks for more memory or time than any recording needs. Also raised while iterating.
    """

    def __init__(self, path: Path, frame_rate_hz: float | None = None) -> None:
        self.path = Path(path)
        self.warnings: list[str] = []
        self._frame_rate_hz = frame_rate_hz
        self._is_closed = False
        require_regular(self.path)
        self._process, self.info = self._started()
        self._is_fresh = True  # opened, and nothing read yet

    @property
    def source_id(self) -> str:
        """Name of the file."""
        return self.path.name

    def close(self) -> None:
        """End the process, and with it an iteration under way; from any thread."""
        self._is_closed = True
        self._process.end()

    def __iter__(self) -> Iterator[Frame | AudioBlock]:
        """Pictures and sound in time order."""
        if not self._is_fresh:
            self._process, _ = self._started()
        self._is_fresh, process = False, self._process
        try:
            process.ask("all of it")
            while not isinstance(item := process.answer(ITEM_S), list):
                yield item
            self.warnings = item
        except MediaError:
            if not self._is_closed:
                raise
        finally:
            process.end()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self._process.end()

    def _started(self) -> tuple[DecoderProcess, MediaInfo]:
        process = DecoderProcess(_decode, self.path, self._frame_rate_hz)
        try:
            num_bytes = _size(self.path)
            info, self.warnings = process.answer(open_limit_s(num_bytes))
        except BaseException:
            process.end()
            raise
        return process, info


def _decode(connection: Connection, answer: Answer, path: Path, frame_rate_hz: float | None) -> None:
    media = MediaFile(path, frame_rate_hz)
    answer((media.info, media.warnings))
    connection.recv()
    for item in media:
        answer(item)
    answer(media.warnings)


def _size(path: Path) -> int:
    """Bytes of a file; 0 where there is none, which is for the process to say."""
    try:
        return path.stat().st_size
    except OSError:  # missing, not permitted, or a name that is too long for the system
        return 0
