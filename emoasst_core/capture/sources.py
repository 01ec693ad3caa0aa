"""What everything that delivers pictures or sound has in common, be it a device or a recording."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from emoasst_core.datatypes import AudioBlock, Frame


@runtime_checkable
class FrameSource(Protocol):
    """Delivers pictures in time order until it ends or is closed."""

    @property
    def source_id(self) -> str:
        """Stable name of the device or file."""

    def frames(self) -> Iterator[Frame]:
        """Pictures, oldest first.

        Raises:
            MediaError: the source cannot be read (DeviceError for a device).
        """

    def close(self) -> None:
        """End the iteration and free the device; may be called from another thread, and twice."""


@runtime_checkable
class AudioSource(Protocol):
    """Delivers contiguous sound until it ends or is closed."""

    @property
    def source_id(self) -> str:
        """Stable name of the device or file."""

    def blocks(self) -> Iterator[AudioBlock]:
        """Blocks of about 0.1 s; each starts where the one before ended.

        Raises:
            MediaError: the source cannot be read (DeviceError for a device).
        """

    def close(self) -> None:
        """End the iteration and free the device; may be called from another thread, and twice."""
