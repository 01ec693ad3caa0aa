"""What can be played: a file, or a session kept in several files that are no plain files. Importing it brings no decoder in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Stretch:
    """One file of a kept session: it begins at `start_s` on the session's clock; `open` gives it as a seekable file object."""

    start_s: float
    open: Callable[[], BinaryIO]


Source = Path | Sequence[Stretch]
