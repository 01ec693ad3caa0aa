"""What the main window asks of a page besides being shown."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Leavable(Protocol):
    """A page that must know when it is left."""

    def leave(self) -> None:
        """Another page is shown from now on."""
