"""Readers of faces that do what a picture made to harm would have them do."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import numpy as np

from emoasst_core.errors import MediaError
from emoasst_core.session import face_enrolment


def connect_out(picture):
    try:
        socket.create_connection(("127.0.0.1", 9))
    except PermissionError as error:
        raise MediaError("refused", "") from error


def write_a_file(picture):
    try:
        Path(os.environ["EMOASST_HOME"], "escaped").write_bytes(b"x" * 10)
    except OSError as error:
        raise MediaError(error.strerror, "") from error


def take_memory(picture):
    kept = []
    while True:
        kept.append(np.ones(32 << 20, np.uint8))


def send_code(picture):
    flag = str(Path(os.environ["EMOASST_HOME"], "code-was-run"))
    face_enrolment._packed = lambda answer: b"cos\nmkdir\n(V" + flag.encode() + b"\ntR."  # a pickle that makes a folder
    raise MediaError("", "")


def send_nonsense(picture):
    head = b'{"embed_dim": 2, "encoder_hash": "x"}\n'
    face_enrolment._packed = lambda answer: head + struct.pack("<ff", 1.0, float("nan")) + b"\xff\xd8\xff"
    raise MediaError("", "")
