"""What file objects that read from somewhere else have in common: a length, and a present place."""

from __future__ import annotations

import io


class SeekableBytes(io.RawIOBase):
    """A readable, seekable file object of known length; a subclass fills buffers from `_place` on in `readinto`."""

    _place = 0

    @property
    def num_bytes(self) -> int:
        """Length in bytes."""
        raise NotImplementedError

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The present place."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; before the start is the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.num_bytes}[whence]
        self._place = max(0, base + offset)
        return self._place
