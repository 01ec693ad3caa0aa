"""A file that is encrypted while it is written, in chunks that each tell whether they, their place and the end are genuine.

AES-256-GCM in the STREAM construction: the nonce of a chunk holds its number and whether it is the last one, so that chunks
cannot be changed, swapped, dropped or cut off unnoticed. What one call writes is one chunk (at most 64 KiB): nothing waits in
memory, and after a kill everything written is there. Layout: 6 bytes of magic, 7 random bytes, then for each chunk its length
as 4 bytes and the encrypted bytes with their tag.
"""

from __future__ import annotations

import os
import secrets
from bisect import bisect_right
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from emoasst_core.errors import DamagedError
from emoasst_core.seekable_bytes import SeekableBytes

MAGIC: Final[bytes] = b"EMAV1\0"
CHUNK_BYTES: Final[int] = 65_536
PREFIX_BYTES: Final[int] = 7
TAG_BYTES: Final[int] = 16
HEADER_BYTES: Final[int] = len(MAGIC) + PREFIX_BYTES


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


class SealedWriter:
    """Writes one sealed file, front to back. It offers no seek, so that a muxer writes as to a pipe.

    Raises:
        OSError: the disk refuses; what was written before stays readable.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._head = MAGIC + secrets.token_bytes(PREFIX_BYTES)
        self._number = 0
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._put(self._head)

    def write(self, data: Any) -> int:
        """Seal and write at once; returns how many bytes were taken: all."""
        data = bytes(data)
        for start in range(0, len(data), CHUNK_BYTES):
            self._seal(data[start : start + CHUNK_BYTES], False)
        return len(data)

    def sync(self) -> None:
        """Force what was written to the disk."""
        os.fsync(self._handle)

    def finish(self) -> None:
        """Write the end and close."""
        self._seal(b"", True)
        self.sync()
        self.abandon()

    def abandon(self) -> None:
        """Close without an end: what is there can be recovered."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _seal(self, data: bytes, is_last: bool) -> None:
        length = (len(data) + TAG_BYTES).to_bytes(4, "big")
        self._put(length + self._cipher.encrypt(_nonce(self._head[-7:], self._number, is_last), data, self._head + length))
        self._number += 1

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]


class SealedReader(SeekableBytes):
    """Reads a sealed file at any place, decrypting chunk by chunk; nothing is written anywhere.

    Args:
        path: the file.
        key: (32,) bytes.
        is_whole: False for a file that was never finished: it ends with its last genuine chunk.

    Raises:
        DamagedError: it was changed or cut off, or the key is another one. Also raised by `read`.
    """

    def __init__(self, path: Path, key: bytes, is_whole: bool = True) -> None:
        self.name = path.name
        self._path, self._key = path, key
        self._cipher = AESGCM(key)
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise DamagedError(
                f"The recording {path} cannot be opened: {error.strerror}.", "Put a backup in its place."
            ) from error
        self._is_whole = is_whole
        self._cached: tuple[int, bytes] = (-1, b"")
        self._head = self._file.read(HEADER_BYTES)
        self._chunks = self._scan(path.stat().st_size)
        try:
            self._check_end()
        except BaseException:
            self.close()
            raise
        self._starts = [0]
        for _, length in self._chunks:
            self._starts.append(self._starts[-1] + length)
        super().__init__()

    @property
    def num_bytes(self) -> int:
        """Length of what was sealed."""
        return self._starts[-1]

    @property
    def end_of_chunks(self) -> tuple[int, int]:
        """(place in the file behind the last genuine chunk, its number + 1): where an end can be put."""
        place = self._chunks[-1][0] + self._chunks[-1][1] + TAG_BYTES if self._chunks else HEADER_BYTES
        return place, len(self._chunks)

    @property
    def head(self) -> bytes:
        """Magic and nonce prefix."""
        return self._head

    def reopened(self) -> SealedReader:
        """Another reader of the same file, at its start."""
        return SealedReader(self._path, self._key, self._is_whole)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the present place; 0 at the end."""
        view = memoryview(buffer).cast("B")
        taken = 0
        while taken < len(view) and self._place < self.num_bytes:
            number = bisect_right(self._starts, self._place) - 1
            chunk = self._chunk(number)
            part = chunk[self._place - self._starts[number] :][: len(view) - taken]
            view[taken : taken + len(part)] = part
            taken += len(part)
            self._place += len(part)
        return taken

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
        super().close()

    def _scan(self, size: int) -> list[tuple[int, int]]:
        """(place, length) of each chunk by the lengths written; genuine or not is seen when one is read."""
        chunks, place = [], HEADER_BYTES
        while place + 4 + TAG_BYTES <= size:
            self._file.seek(place)
            length = int.from_bytes(self._file.read(4), "big")
            if not TAG_BYTES <= length <= CHUNK_BYTES + TAG_BYTES or place + 4 + length > size:
                break
            chunks.append((place + 4, length - TAG_BYTES))
            place += 4 + length
        if self._is_whole and place != size:
            raise self._damaged()
        return chunks

    def _check_end(self) -> None:
        if len(self._head) < HEADER_BYTES or not self._head.startswith(MAGIC):
            raise self._damaged()
        if self._is_whole:
            if not self._chunks:
                raise self._damaged()
            self._chunk(len(self._chunks) - 1)
            return
        while self._chunks:
            try:
                self._chunk(len(self._chunks) - 1)
                return
            except DamagedError:
                self._chunks.pop()

    def _chunk(self, number: int) -> bytes:
        if self._cached[0] != number:
            place, length = self._chunks[number]
            self._file.seek(place)
            data = self._file.read(length + TAG_BYTES)
            is_last = self._is_whole and number == len(self._chunks) - 1
            written = (length + TAG_BYTES).to_bytes(4, "big")
            try:
                plain = self._cipher.decrypt(_nonce(self._head[-7:], number, is_last), data, self._head + written)
            except InvalidTag as error:
                raise self._damaged() from error
            self._cached = number, plain
        return self._cached[1]

    def _damaged(self) -> DamagedError:
        return DamagedError(
            f"The recording {self.name} is not what was written: it was changed or cut off.", "Put a backup in its place."
        )


def finish_unfinished(path: Path, key: bytes) -> int:
    """Cut what is torn off an unfinished file and give it an end.

    Returns:
        The number of bytes kept of what was sealed.
    """
    with SealedReader(path, key, is_whole=False) as reader:
        place, number = reader.end_of_chunks
        head, kept = reader.head, reader.num_bytes
    length = TAG_BYTES.to_bytes(4, "big")
    end = length + AESGCM(key).encrypt(_nonce(head[-7:], number, True), b"", head + length)
    with path.open("rb+") as handle:
        handle.truncate(place)
        handle.seek(place)
        handle.write(end)
        handle.flush()
        os.fsync(handle.fileno())
    return kept
