"""Files that a decoder's process reads through the process that started it.

An encrypted recording is decrypted by the side that holds its key. The decoder gets the bytes that it asks for and nothing else:
no key, no path, and no plain file is ever written.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, BinaryIO, Final

from emoasst_core.errors import DamagedError, EmoAsstError
from emoasst_core.seekable_bytes import SeekableBytes
from emoasst_core.session.playback_source import Stretch

PIECE_BYTES: Final[int] = 128 << 10  # asked for at once; decoders read 32 KiB at a time, mostly in a row
MOST_PIECE_BYTES: Final[int] = 1 << 20


@dataclass(frozen=True, slots=True)
class PieceWanted:
    """What the decoder asks for: bytes of a file, or with `num_bytes` 0 the length of the file.

    Raises:
        ValueError: a number out of range, which only a decoder that was taken over would send.
    """

    file: int
    offset: int
    num_bytes: int

    def __post_init__(self) -> None:
        if self.file < 0 or self.offset < 0 or not 0 <= self.num_bytes <= MOST_PIECE_BYTES:
            raise ValueError("no piece of a file")


class FileServer:
    """The side that has the files. Keeps the one read last open. Use from one thread.

    Args:
        opens: gives each as a seekable file object.
    """

    def __init__(self, opens: Sequence[Callable[[], BinaryIO]]) -> None:
        self._opens = tuple(opens)
        self._open: tuple[int, BinaryIO] | None = None

    def piece(self, wanted: PieceWanted) -> bytes | int | tuple[str, str]:
        """The bytes, the length, or what is wrong: (message, next step)."""
        try:
            handle = self._opened(wanted.file)
            if wanted.num_bytes == 0:
                return handle.seek(0, io.SEEK_END)
            handle.seek(wanted.offset)
            return handle.read(wanted.num_bytes)
        except EmoAsstError as error:
            return error.message, error.next_step
        except (OSError, IndexError) as error:
            return f"A part of this recording cannot be read: {error}.", "Put a backup in its place."

    def close(self) -> None:
        """Give the file back."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _opened(self, file: int) -> BinaryIO:
        if self._open is None or self._open[0] != file:
            self.close()
            self._open = file, self._opens[file]()
        return self._open[1]


class ServedFile(SeekableBytes):
    """The side that reads: a file object like any other.

    Raises:
        DamagedError: by `read` and `seek`, where the other side cannot read it.
    """

    name = "This recording"

    def __init__(self, connection: Connection, answer: Callable[[object], None], file: int) -> None:
        super().__init__()
        self._connection, self._answer, self._file = connection, answer, file
        self._piece_start, self._piece = 0, b""
        self._num_bytes = int(self._ask(0, 0))

    @property
    def num_bytes(self) -> int:
        """See `SeekableBytes`."""
        return self._num_bytes

    def readinto(self, buffer: Any) -> int:
        """See `io`."""
        if self._place >= self._num_bytes:
            return 0
        begin = self._place - self._piece_start
        if not 0 <= begin < len(self._piece):
            self._piece_start, self._piece = self._place, bytes(self._ask(self._place, PIECE_BYTES))
            begin = 0
        part = self._piece[begin : begin + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _ask(self, offset: int, num_bytes: int) -> Any:
        self._answer(PieceWanted(self._file, offset, num_bytes))
        given = self._connection.recv()
        if isinstance(given, tuple):
            raise DamagedError(*given)
        return given


def served_stretches(
    connection: Connection, answer: Callable[[object], None], spans: Sequence[tuple[float, float]]
) -> tuple[Stretch, ...]:
    """The stretches of a session as the reading side sees them.

    Args:
        spans: (start_s, end_s) of each, in the order of the server's files.
    """

    def opener(file: int) -> Callable[[], BinaryIO]:
        return lambda: io.BufferedReader(ServedFile(connection, answer, file))

    return tuple(Stretch(start_s, opener(file), end_s) for file, (start_s, end_s) in enumerate(spans))
