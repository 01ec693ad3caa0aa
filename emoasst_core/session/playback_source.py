"""What can be played: a file, or a session kept in several files that are no plain files. Importing it brings no decoder in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Stretch:
    """One file of a kept session, from `start_s` to `end_s` on its clock; `open` gives it as a seekable file object."""

    start_s: float
    open: Callable[[], BinaryIO]
    end_s: float = math.inf


Source = Path | Sequence[Stretch]
EDGE_S = 0.3  # a picture stays this long after the end of its file, so that two files that meet leave no gap


def is_kept(source: Source, time_s: float) -> bool:
    """Whether anything was kept of a moment; of a plain file, of every moment.

    >>> is_kept((Stretch(2.0, lambda: None, 5.0),), 1.0), is_kept((Stretch(2.0, lambda: None, 5.0),), 4.9)
    (False, True)
    """
    if isinstance(source, Path):
        return True
    return any(stretch.start_s - 1e-6 <= time_s <= stretch.end_s + EDGE_S for stretch in source)
