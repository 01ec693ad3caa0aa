"""Small files that claim to be huge, and functions for the decoder's process that misbehave as a broken decoder would."""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path

import av
import numpy as np


def huge_picture(path: Path, side_px: int = 30_000) -> Path:
    """A few bytes that say they are a film of 30,000 x 30,000 pixels."""
    path.write_bytes(f"YUV4MPEG2 W{side_px} H{side_px} F25:1 Ip C420jpeg\nFRAME\n".encode() + bytes(1000))
    return path


def endless_film(path: Path, num_pictures: int, step_us: int) -> Path:
    """One VP9 picture, then packets of one byte that show it again; `step_us` of film time apart."""
    codec = av.CodecContext.create("libvpx-vp9", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 64, 48, "yuv420p", __import__("fractions").Fraction(1, 25)
    picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24").reformat(format="yuv420p")
    key = bytes((codec.encode(picture) + codec.encode(None))[0])
    with path.open("wb") as file:
        file.write(b"DKIF" + struct.pack("<HH4sHHIIII", 0, 32, b"VP90", 64, 48, 1_000_000, 1, num_pictures, 0))
        for number in range(num_pictures):
            data = b"\x88" if number else key
            file.write(struct.pack("<IQ", len(data), number * step_us) + data)
    return path


def endless_silence(path: Path, length_s: int) -> Path:
    """FLAC packs silence to nothing."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=8000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 80_000), np.int16), format="s16", layout="mono")
        block.sample_rate = 8000
        for number in range(length_s // 10):
            block.pts = number * 80_000
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    return path


def take_memory(connection, answer, path, *_rest) -> None:
    kept = []
    while True:
        kept.append(np.ones(32 << 20, np.uint8))


def hang(connection, answer, path, *_rest) -> None:
    time.sleep(600)


def die(connection, answer, path, *_rest) -> None:
    os.abort()


def write_a_file(connection, answer, path, *_rest) -> None:
    try:
        Path(path).with_name("escaped").write_bytes(b"x" * 10)
    except OSError as error:
        answer([error.strerror])


def connect_out(connection, answer, path) -> None:
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        try:
            socket.socket(family)
        except PermissionError as error:
            answer([error.strerror])


def send_code(connection, answer, path) -> None:
    connection.send(_Harm(str(Path(path).with_name("code-was-run"))))


def send_nonsense(connection, answer, path) -> None:
    connection.send_bytes(b'{"kind": "frame", "time_s": 0, "shape": [100000, 100000, 3]}\n' + bytes(10))


class _Harm:
    def __init__(self, flag: str) -> None:
        self._flag = flag

    def __reduce__(self):
        return os.mkdir, (self._flag,)
