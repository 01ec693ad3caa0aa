"""Makes a picture of somebody into what they are recognised by, in a process of its own that ends with it.

The picture may come from anywhere, so it is decoded there too, under the limits of a decoder: what breaks that process breaks
nothing else. What it answers is numbers, text and a small JPEG, checked here; it cannot send anything that would run.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Vector
from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.session.decoding_limits import TOO_LARGE, limit_this_process
from emoasst_core.session.process_wall import wall_off_this_process
from emoasst_core.session.processes import ENROLMENT, SpawnContext, begin_process

DEFAULT_READER = "emoasst_core.session.face_pictures:read_face"
MAX_BYTES = 40_000_000
MAX_PIXELS = 8_192 * 8_192  # a small file can claim a billion
MAX_SIDE_PX = 1_600  # larger pictures are shrunk: faces in them stay large enough
THUMBNAIL_PX = 160
READ_S = 60.0  # loading the models included
DEATH_S: Final = 2.0
MOST_BYTES: Final[int] = 4 << 20  # of an answer; a thumbnail has some 10 kB
JPEG: Final = b"\xff\xd8\xff"

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
    context = SpawnContext()
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, picture, reader), name="emoasst-face", daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(READ_S):
            raise EmoAsstError("The picture took too long to read.", "Try again, or take another picture.")
        return _unpacked(ours.recv_bytes(MOST_BYTES))
    except (EOFError, OSError) as error:
        process.join(DEATH_S)
        if process.exitcode == TOO_LARGE:
            raise MediaError("This picture asks for far more memory than a picture needs.", "Do not use it.") from error
        raise MediaError("This picture cannot be read.", "Choose another one.") from error
    finally:
        ours.close()
        process.kill()
        process.join()
        process.close()


def _serve(connection: Connection, picture: Path | Picture, reader: str) -> None:
    begin_process(ENROLMENT)
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)  # read when OpenCV is loaded, which comes now
    try:
        module, _, name = reader.partition(":")
        read: Any = getattr(import_module(module), name)
        limit_this_process()
        wall_off_this_process()
        found = read(load_picture(picture) if isinstance(picture, Path) else picture)
        face = EnrolledFace(np.asarray(found.embedding, np.float32), found.encoder_hash, thumbnail(found.crop))
        connection.send_bytes(_packed(face))
    except EmoAsstError as error:
        connection.send_bytes(_packed(error))
    except MemoryError:
        os._exit(TOO_LARGE)
    connection.close()


def _packed(answer: EnrolledFace | EmoAsstError) -> bytes:
    """A line of JSON, then the embedding as little-endian float32, then the thumbnail."""
    if isinstance(answer, EmoAsstError):
        return json.dumps({"message": answer.message, "next_step": answer.next_step}).encode() + b"\n"
    said = {"embed_dim": len(answer.embedding), "encoder_hash": answer.encoder_hash}
    return json.dumps(said).encode() + b"\n" + answer.embedding.astype("<f4").tobytes() + answer.thumbnail


def _unpacked(data: bytes) -> EnrolledFace:
    head, _, payload = data.partition(b"\n")
    try:
        said = json.loads(head)
        if "message" in said:
            raise MediaError(str(said["message"]), str(said["next_step"]))
        num_bytes = 4 * int(said["embed_dim"])
        embedding, small = np.frombuffer(payload[:num_bytes], "<f4").astype(np.float32), payload[num_bytes:]
        if len(embedding) != said["embed_dim"] or not np.isfinite(embedding).all() or not small.startswith(JPEG):
            raise ValueError("no face")
        return EnrolledFace(embedding, str(said["encoder_hash"]), small)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MediaError("The reader of this picture said nonsense; nothing of it was used.", "Do not use it.") from error


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
