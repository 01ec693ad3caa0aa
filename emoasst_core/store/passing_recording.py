"""A recording that passes: sealed on the disk while a session runs, its key nowhere but in this process.

From it the clips to ask about are cut afterwards. Then, or when the process ends in whatever way, nobody can read it any more.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Final

import psutil

from emoasst_core.store.database import Database
from emoasst_core.store.key_card import derived
from emoasst_core.store.media import SUFFIX, Segment, recordings_folder
from emoasst_core.store.sealed_file import SealedReader

_FOLDER: Final = re.compile(r"passing-(\d+)-[0-9a-f]{8}")


class PassingRecording:
    """What a `RecordingWriter` writes to; belongs to the thread of its `database`.

    Args:
        database: beside it the files lie.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.folder = recordings_folder(database) / f"passing-{os.getpid()}-{secrets.token_hex(4)}"
        self._key: bytes | None = secrets.token_bytes(32)
        self._segments: dict[int, Segment] = {}

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Its whole files, in order."""
        return tuple(segment for segment in self._segments.values() if segment.end_s is not None)

    def open(self, segment: int) -> SealedReader:
        """One file, decrypted while it is read."""
        return SealedReader(self.path("", segment), self.segment_key("", segment))

    def discard(self) -> None:
        """Forget the key, then remove the files."""
        self._key = None
        self._segments.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, _session_id: str, segment: int) -> Path:
        """Where one file lies once it is whole."""
        return self.folder / f"{segment:04d}{SUFFIX}"

    def segment_key(self, _session_id: str, segment: int) -> bytes:
        """(32,) bytes; those of another file are others."""
        assert self._key is not None
        return derived(self._key, f"segment {segment}")

    def open_segment(self, _session_id: str, number: int, start_s: float) -> None:
        """Note that a file is being written."""
        self._segments[number] = Segment(number, start_s, None)

    def close_segment(self, _session_id: str, number: int, end_s: float) -> None:
        """Note that a file is whole."""
        self._segments[number] = Segment(number, self._segments[number].start_s, end_s)

    def add_gap(self, session_id: str, start_s: float, end_s: float, reason: str) -> None:
        """Gaps are of no use to clips."""


def drop_left_over(folder: Path) -> int:
    """Remove what processes that died left of such recordings: nobody can read it; how many there were."""
    num_dropped = 0
    for path in folder.glob("passing-*"):
        match = _FOLDER.fullmatch(path.name)
        if match and not psutil.pid_exists(int(match.group(1))):
            shutil.rmtree(path, ignore_errors=True)
            num_dropped += 1
    return num_dropped
