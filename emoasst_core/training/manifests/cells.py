"""The cells of a table that somebody wrote with a spreadsheet: what stands between them, and times in them."""

from __future__ import annotations

import math
from typing import Any, Final

DELIMITERS: Final = (",", ";", "\t")


def delimiter_of(text: str) -> str:
    r"""The delimiter of a csv, told by its first line, which names the columns: some countries' spreadsheets write semicolons.

    >>> delimiter_of("path;emotion\nsmile, wide.png;joy")
    ';'
    """
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)  # a single column has none: a comma then


def seconds(cell: Any, column: str) -> float | None:
    """The time in a cell, None where it is empty.

    Raises:
        ValueError: it is no number, or none that a clip can begin at; the message names the column.
    """
    written = "" if cell is None else str(cell).strip()
    if not written:
        return None
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{column} must be a time in seconds, such as 1.5, not {written!r}")
    return value
