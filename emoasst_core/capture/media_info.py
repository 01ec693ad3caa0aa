"""What is known of a recording without decoding it. Importing it brings no decoder in."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from emoasst_core.errors import MediaError


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a recording holds.

    Attributes:
        duration_s: as the file states it; a recording that was cut off ends earlier, see `MediaFile.warnings`.
        width, height: of the frames delivered: upright, square pixels, at most 1280 on the longer side; 0 without picture.
        rotation_deg: counter-clockwise turn that was applied to make the picture upright.
        frame_rate_hz: on average; 0 without picture.
        sample_rate_hz, num_channels: of the original sound; 0 without sound.
    """

    duration_s: float
    has_video: bool
    has_audio: bool
    width: int = 0
    height: int = 0
    rotation_deg: int = 0
    frame_rate_hz: float = 0.0
    sample_rate_hz: int = 0
    num_channels: int = 0


def require_regular(path: Path) -> None:
    """Look at what a path leads to before it is opened: a pipe would wait for ever, a device would never end.

    Raises:
        MediaError: it is something else than a file. One that is missing or not permitted is left to whoever opens it.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise MediaError(f"{path} is a device or a pipe, not a recording.", "Choose a recording.")
