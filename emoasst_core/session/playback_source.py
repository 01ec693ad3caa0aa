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
START_S = 0.5  # the first file begins when the first picture comes, a moment after the clock of the session
EDGE_S = 0.3  # a picture stays this long after the end of its file, so that two files that meet leave no gap


def first_kept_s(source: Source) -> float:
    """Where watching begins: at the start, or where the first file does if that is later than a moment.

    >>> first_kept_s((Stretch(9.0, lambda: None, 12.0), Stretch(2.0, lambda: None, 5.0)))
    2.0
    >>> first_kept_s((Stretch(0.2, lambda: None, 5.0),)), first_kept_s(Path("film.mp4"))
    (0.0, 0.0)
    """
    if isinstance(source, Path):
        return 0.0
    first_s = min((stretch.start_s for stretch in source), default=0.0)
    return first_s if first_s > START_S else 0.0


def next_kept_s(source: Source, time_s: float) -> float | None:
    """When the first file begins after a moment; None where none does."""
    later = [] if isinstance(source, Path) else [stretch.start_s for stretch in source if stretch.start_s > time_s]
    return min(later, default=None)


def is_kept(source: Source, time_s: float) -> bool:
    """Whether anything was kept of a moment; of a plain file, of every moment. The first picture stands for what led up to it.

    >>> is_kept((Stretch(2.0, lambda: None, 5.0),), 1.0), is_kept((Stretch(2.0, lambda: None, 5.0),), 4.9)
    (False, True)
    >>> is_kept((Stretch(0.2, lambda: None, 5.0), Stretch(9.0, lambda: None, 12.0)), 0.0)
    True
    """
    if isinstance(source, Path):
        return True
    first_s = min((stretch.start_s for stretch in source), default=math.inf)
    if first_s - START_S <= time_s <= first_s:
        return True
    return any(stretch.start_s - 1e-6 <= time_s <= stretch.end_s + EDGE_S for stretch in source)
