"""Makes a picture of somebody into what they are recognised by, in a process of its own that ends with it.

The picture may come from anywhere, so it is decoded there too: a file that breaks the decoder breaks nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Vector
from emoasst_core.errors import EmoAsstError, MediaError

DEFAULT_READER = "emoasst_core.session.face_pictures:read_face"
MAX_BYTES = 40_000_000
MAX_PIXELS = 8_192 * 8_192  # a small file can claim a billion
MAX_SIDE_PX = 1_600  # larger pictures are shrunk: faces in them stay large enough
THUMBNAIL_PX = 160
READ_S = 60.0  # loading the models included

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """One picture as it is kept: `embedding` is (embed_dim,) float32, `thumbnail` a small JPEG of the face alone."""

    embedding: Vector
    encoder_hash: str
    thumbnail: bytes


def enrol_face(picture: Path | Picture, reader: str = DEFAULT_READER) -> EnrolledFace:
    """Find the one face of a picture and read it; blocks for some seconds, so call it off the window's thread.

    Args:
        picture: a file, or (h, w, 3) uint8 RGB.
        reader: `module:function`, called with (h, w, 3) RGB; returns `embedding`, `encoder_hash` and `crop`.

    Raises:
        MediaError: no picture, no face in it, or more than one.
        EmoAsstError: the models are missing, or the process took too long.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, picture, reader), name="emoasst-face", daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(READ_S):
            raise EmoAsstError("The picture took too long to read.", "Try again, or take another picture.")
        answer = ours.recv()
    except EOFError as error:
        raise MediaError("This picture cannot be read.", "Choose another one.") from error
    finally:
        ours.close()
        process.kill()
        process.join()
        process.close()
    if isinstance(answer, EnrolledFace):
        return answer
    raise MediaError(*answer)


def _serve(connection: Connection, picture: Path | Picture, reader: str) -> None:
    answer: EnrolledFace | tuple[str, str]
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)  # read when OpenCV is loaded, which comes now
    try:
        module, _, name = reader.partition(":")
        read: Any = getattr(import_module(module), name)
        found = read(load_picture(picture) if isinstance(picture, Path) else picture)
        answer = EnrolledFace(np.asarray(found.embedding, np.float32), found.encoder_hash, thumbnail(found.crop))
    except EmoAsstError as error:
        answer = error.message, error.next_step
    connection.send(answer)
    connection.close()


def load_picture(path: Path) -> Picture:
    """A file as (h, w, 3) RGB, upright, at most `MAX_SIDE_PX` on its longer side.

    Raises:
        MediaError: too large, not there, or no picture.
    """
    import cv2

    try:
        if path.stat().st_size > MAX_BYTES:
            raise MediaError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.", "Choose a smaller picture.")
        raw = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if len(raw) else None
    except (OSError, cv2.error) as error:
        raise MediaError(f"{path.name} cannot be read.", "Choose another picture.") from error
    if image is None:
        raise MediaError(f"{path.name} is not a picture.", "Choose a JPEG or PNG file.")
    return _shrunk(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), MAX_SIDE_PX)


def thumbnail(crop: Picture) -> bytes:
    """A small JPEG of a face; (h, w, 3) RGB in."""
    import cv2

    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(_shrunk(crop, THUMBNAIL_PX), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85]
    )
    return encoded.tobytes()


def _shrunk(image: Picture, side_px: int) -> Picture:
    import cv2

    scale = side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
