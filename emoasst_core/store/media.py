"""Kept recordings: each under a key of its own, in files of five minutes; dropping the key is what deletes them."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from emoasst_core.atomic_file import sync_and_rename
from emoasst_core.errors import DamagedError, StoreError
from emoasst_core.store.columns import now_text
from emoasst_core.store.database import Database
from emoasst_core.store.key_card import derived
from emoasst_core.store.sealed_file import HEADER_BYTES, SealedReader, finish_unfinished

if TYPE_CHECKING:
    from emoasst_core.store.recording_writer import RecordingWriter

FOLDER: Final[str] = "recordings"
SUFFIX: Final[str] = ".emav"
WRITING: Final[str] = ".writing"
PURPOSE: Final[str] = "recordings"
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a recording, on the clock of its session. One that was never finished has no end yet: `end_s` is None."""

    number: int
    start_s: float
    end_s: float | None


def recordings_folder(database: Database) -> Path:
    """Where the recordings of a database lie: beside it."""
    return database.path.parent / FOLDER


class MediaVault:
    """The recordings of one database; belongs to the thread of its `database`.

    Args:
        database: holds their keys.
        folder: where the files lie; None for beside the database.
    """

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self.database = database
        self.folder = folder or recordings_folder(database)

    def record(self, session_id: str) -> RecordingWriter:
        """Begin to keep a session.

        Returns:
            What takes its frames and blocks; use it from this thread.

        Raises:
            StoreError: the session is recorded already, or there is too little space.
        """
        from emoasst_core.store.recording_writer import RecordingWriter  # brings the encoders in

        self.begin(session_id)
        return RecordingWriter(self, session_id)

    def begin(self, session_id: str, is_clips: bool = False) -> None:
        """Make the key of a session's recording; with `is_clips` only its clips may be in it.

        Raises:
            StoreError: the session is recorded already.
        """
        with self.database.writing():
            if self.database.rows("SELECT 1 FROM recordings WHERE session_id = ?", (session_id,)):
                raise StoreError(f"The session {session_id} is recorded already.", "Start a new one.")
            self.database.execute(
                "INSERT INTO recordings (session_id, wrapped_key, started_at, is_clips) VALUES (?, ?, ?, ?)",
                (session_id, self._wrapped(session_id, secrets.token_bytes(32)), now_text(), int(is_clips)),
            )

    def segments(self, session_id: str) -> tuple[Segment, ...]:
        """The files of a session in order; none where nothing was kept."""
        rows = self.database.rows(
            "SELECT number, start_s, end_s FROM segments WHERE session_id = ? ORDER BY number", (session_id,)
        )
        return tuple(Segment(row["number"], row["start_s"], row["end_s"]) for row in rows)

    def open(self, session_id: str, segment: int) -> SealedReader:
        """One file of a session, decrypted while it is read; nothing plain is written anywhere.

        Raises:
            StoreError: nothing was kept of this session.
            DamagedError: the file was changed, cut off or removed.
        """
        return SealedReader(self.path(session_id, segment), self.segment_key(session_id, segment))

    def recorded_sessions(self) -> list[str]:
        """The sessions of which something is kept, oldest first."""
        return [row["session_id"] for row in self.database.rows("SELECT session_id FROM recordings ORDER BY started_at")]

    def unfinished(self) -> list[str]:
        """The sessions whose recording broke off, by a power cut for example."""
        rows = self.database.rows("SELECT DISTINCT session_id FROM segments WHERE end_s IS NULL ORDER BY session_id")
        return [row["session_id"] for row in rows]

    def recover(self, session_id: str) -> float:
        """Give the files that broke off an end, so that they play; returns the seconds that were saved.

        Raises:
            StoreError: nothing was kept of this session.
        """
        saved_s = 0.0
        for segment in self.segments(session_id):
            if segment.end_s is not None:
                continue
            path = self.path(session_id, segment.number)
            writing = path.with_name(path.name + WRITING)
            if writing.exists():
                self._finish(writing, path, self.segment_key(session_id, segment.number))
            length_s = self._length_s(session_id, segment.number) if path.exists() else 0.0
            with self.database.writing():
                if length_s > 0:
                    self.close_segment(session_id, segment.number, segment.start_s + length_s)
                else:  # not even the head of the film was written
                    path.unlink(missing_ok=True)
                    self.database.execute(
                        "DELETE FROM segments WHERE session_id = ? AND number = ?", (session_id, segment.number)
                    )
            saved_s += length_s
        return saved_s

    def delete(self, session_id: str) -> int:
        """Drop the key, then the files; returns how many files there were."""
        with self.database.writing():
            self.database.execute("DELETE FROM recordings WHERE session_id = ?", (session_id,))
        self.database.checkpoint()
        folder = self.session_folder(session_id)
        num_files = sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
        shutil.rmtree(folder, ignore_errors=True)
        return num_files

    def session_folder(self, session_id: str) -> Path:
        """Where the files of a session lie.

        Raises:
            StoreError: the name could lead elsewhere.
        """
        if not _SAFE_ID.fullmatch(session_id):
            raise StoreError(f"{session_id!r} is no name of a session.", "Choose one from the list.")
        return self.folder / session_id

    def path(self, session_id: str, segment: int) -> Path:
        """Where one file lies once it is whole."""
        return self.session_folder(session_id) / f"{segment:04d}{SUFFIX}"

    def segment_key(self, session_id: str, segment: int) -> bytes:
        """(32,) bytes; those of another file are others.

        Raises:
            StoreError: nothing was kept of this session.
            DamagedError: the wrapped key is not what was written.
        """
        return derived(self.recording_key(session_id), f"segment {segment}")

    def recording_key(self, session_id: str) -> bytes:
        """(32,) bytes that the keys of its files come from.

        Raises:
            StoreError, DamagedError: as `segment_key`.
        """
        rows = self.database.rows("SELECT wrapped_key FROM recordings WHERE session_id = ?", (session_id,))
        if not rows:
            raise StoreError(f"Nothing was kept of the session {session_id}.", "Its readings can still be seen.")
        wrapped = rows[0]["wrapped_key"]
        try:
            return self._cipher().decrypt(wrapped[:12], wrapped[12:], session_id.encode("utf-8"))
        except InvalidTag as error:
            raise DamagedError(f"The key of the recording {session_id} is damaged.", "Put a backup in its place.") from error

    def facts(self, session_id: str) -> tuple[str, bool]:
        """When the recording began, and whether only clips may be in it."""
        (row,) = self.database.rows("SELECT started_at, is_clips FROM recordings WHERE session_id = ?", (session_id,))
        return row["started_at"], bool(row["is_clips"])

    def gaps(self, session_id: str) -> list[tuple[float, float, str]]:
        """(start, end, reason) of what was not captured."""
        rows = self.database.rows("SELECT * FROM gaps WHERE session_id = ? ORDER BY start_s", (session_id,))
        return [(row["start_s"], row["end_s"], row["reason"]) for row in rows]

    def adopt(
        self,
        session_id: str,
        key: bytes,
        facts: tuple[str, bool],
        segments: Sequence[Segment],
        gaps: Sequence[tuple[float, float, str]],
    ) -> None:
        """Take over a recording that was made elsewhere, with its `facts`; its files come after."""
        started_at, is_clips = facts
        with self.database.writing():
            self.database.execute(
                "INSERT INTO recordings (session_id, wrapped_key, started_at, is_clips) VALUES (?, ?, ?, ?)",
                (session_id, self._wrapped(session_id, key), started_at, int(is_clips)),
            )
            for segment in segments:
                self.open_segment(session_id, segment.number, segment.start_s)
                self.close_segment(session_id, segment.number, segment.end_s or segment.start_s)
            for gap in gaps:
                self.add_gap(session_id, *gap)

    def open_segment(self, session_id: str, number: int, start_s: float) -> None:
        """Note that a file is being written."""
        with self.database.writing():
            self.database.execute("INSERT INTO segments VALUES (?, ?, ?, NULL)", (session_id, number, start_s))

    def close_segment(self, session_id: str, number: int, end_s: float) -> None:
        """Note that a file is whole."""
        with self.database.writing():
            self.database.execute(
                "UPDATE segments SET end_s = ? WHERE session_id = ? AND number = ?", (end_s, session_id, number)
            )

    def replace_segments(self, session_id: str, key: bytes, segments: Sequence[Segment]) -> None:
        """Let the files of a session be these, sealed under this key; the key before is gone for good."""
        with self.database.writing():
            self.database.execute(
                "UPDATE recordings SET wrapped_key = ? WHERE session_id = ?", (self._wrapped(session_id, key), session_id)
            )
            self.database.execute("DELETE FROM segments WHERE session_id = ?", (session_id,))
            self.database.execute_many(
                "INSERT INTO segments VALUES (?, ?, ?, ?)",
                [(session_id, segment.number, segment.start_s, segment.end_s) for segment in segments],
            )
        self.database.checkpoint()

    def add_gap(self, session_id: str, start_s: float, end_s: float, reason: str) -> None:
        """Note that nothing was captured between two times."""
        with self.database.writing():
            self.database.execute("INSERT INTO gaps VALUES (?, ?, ?, ?)", (session_id, start_s, max(start_s, end_s), reason))

    def _finish(self, writing: Path, path: Path, key: bytes) -> None:
        """Give a file an end and its name; one of which not even the head came to the disk holds nothing and goes."""
        with writing.open("rb") as handle:
            head = handle.read(HEADER_BYTES)
        if len(head) < HEADER_BYTES or not any(head):
            writing.unlink()
            return
        finish_unfinished(writing, key)
        sync_and_rename(writing, path)

    def _length_s(self, session_id: str, number: int) -> float:
        import av  # only to recover

        end_s = 0.0
        try:
            with self.open(session_id, number) as reader, av.open(reader, options={"protocol_whitelist": "none"}) as container:
                for packet in container.demux():
                    if packet.pts is not None:
                        end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        except (av.FFmpegError, ValueError):
            return end_s  # cut off in mid-packet, which is what is being recovered from
        return end_s

    def _wrapped(self, session_id: str, key: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher().encrypt(nonce, key, session_id.encode("utf-8"))

    def _cipher(self) -> AESGCM:
        return AESGCM(derived(self.database.keys.master(), PURPOSE))
