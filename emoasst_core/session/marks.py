"""The moments somebody asked about with "?" while a session ran; kept as one small file beside the session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import StoreError

FILE_NAME = "marks.json"


def write_marks(folder: Path, times_s: Sequence[float]) -> None:
    """Keep the moments; an existing file is replaced whole or not at all, and no file is made for no moments.

    Raises:
        StoreError: the folder cannot be written.
    """
    if not times_s:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / FILE_NAME) as partial:
            partial.write_text(json.dumps({"marks_s": list(times_s)}), "utf-8")
    except OSError as error:
        raise StoreError(
            f"The marked moments cannot be kept in {folder}: {error.strerror}.", "Check that it may be written."
        ) from error


def read_marks(folder: Path) -> tuple[float, ...]:
    """The moments kept in a session's folder; none where nothing was marked."""
    try:
        kept = json.loads((folder / FILE_NAME).read_text("utf-8"))
        return tuple(float(time_s) for time_s in kept["marks_s"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"The marked moments in {folder} cannot be read.", "They are left out.") from error
