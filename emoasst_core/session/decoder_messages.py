"""What a decoder's process may say, as plain bytes: a line of JSON, then samples or pixels.

The side that listens must not trust the side that speaks, which has a hostile file in its hands. Python's own way of sending
objects would let that side run code here; these bytes can only be numbers and text, and are checked.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from emoasst_core.capture.media_info import MediaInfo
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import MediaError
from emoasst_core.session.served_files import PieceWanted
from emoasst_core.session.sound_format import NUM_CHANNELS

MOST_BYTES: Final[int] = 64 << 20  # a picture of 1280 x 1280 has 5 MB
READY: Final[str] = "ready"


def packed(message: object) -> bytes:
    """A message as bytes.

    One of: a frame, a block of sound, (n, 2) samples for a loudspeaker, (info, warnings), warnings, a wish for a piece of a file,
    an error, None for nothing (more), or `READY`.
    """
    payload = b""
    if isinstance(message, Frame):
        said: dict[str, Any] = {"kind": "frame", "time_s": message.time_s, "shape": message.image.shape}
        payload = np.ascontiguousarray(message.image, np.uint8).tobytes()
    elif isinstance(message, AudioBlock):
        said = {"kind": "sound", "start_s": message.start_s}
        payload = np.ascontiguousarray(message.samples, "<f4").tobytes()
    elif isinstance(message, np.ndarray):
        said = {"kind": "samples"}
        payload = np.ascontiguousarray(message, "<i2").tobytes()
    elif isinstance(message, PieceWanted):
        said = {"kind": "piece", **asdict(message)}
    elif isinstance(message, tuple):
        info, warnings = message
        said = {"kind": "info", "info": asdict(info), "warnings": warnings}
    elif isinstance(message, list):
        said = {"kind": "warnings", "warnings": message}
    elif isinstance(message, MediaError):
        said = {"kind": "error", "message": message.message, "next_step": message.next_step}
    else:
        said = {"kind": "none" if message is None else READY}
    return json.dumps(said).encode() + b"\n" + payload


def unpacked(data: bytes) -> Any:
    """The message that bytes hold.

    Raises:
        MediaError: they are none.
    """
    head, _, payload = data.partition(b"\n")
    try:
        return _message(json.loads(head), payload)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MediaError("The decoder of this recording said nonsense; nothing of it was used.", "Do not use it.") from error


def _message(said: dict[str, Any], payload: bytes) -> Any:
    kind = said["kind"]
    if kind == "frame":
        height, width, depth = (int(side) for side in said["shape"])
        if depth != 3 or min(height, width) < 1:
            raise ValueError("no picture")
        return Frame(float(said["time_s"]), np.frombuffer(payload, np.uint8).reshape(height, width, depth).copy())
    if kind == "sound":
        return AudioBlock(float(said["start_s"]), np.frombuffer(payload, "<f4").astype(np.float32))
    if kind == "samples":
        return np.frombuffer(payload, "<i2").astype(np.int16).reshape(-1, NUM_CHANNELS)
    if kind == "piece":
        return PieceWanted(int(said["file"]), int(said["offset"]), int(said["num_bytes"]))
    if kind == "info":
        return MediaInfo(**said["info"]), [str(line) for line in said["warnings"]]
    if kind == "warnings":
        return [str(line) for line in said["warnings"]]
    if kind == "error":
        return MediaError(str(said["message"]), str(said["next_step"]))
    if kind in ("none", READY):
        return None if kind == "none" else READY
    raise ValueError(kind)
