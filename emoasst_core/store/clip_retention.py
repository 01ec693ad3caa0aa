"""Picture and sound of a clip go when the clip goes: what stays is sealed anew under another key."""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection
from typing import Final

from emoasst_core.store.database import Database
from emoasst_core.store.key_card import derived
from emoasst_core.store.media import MediaVault, Segment
from emoasst_core.store.sealed_file import SealedReader, SealedWriter

PIECE_BYTES: Final = 65_536


def keep_only(vault: MediaVault, session_id: str, numbers: Collection[int]) -> None:
    """Keep these files of a session under a new key; with the old one every other becomes unreadable, and is removed.

    Raises:
        StoreError, DamagedError: nothing was kept of the session, or a file was changed.
    """
    segments = vault.segments(session_id)
    kept = [segment for segment in segments if segment.number in numbers and segment.end_s is not None]
    if not kept:
        vault.delete(session_id)
        return
    key, next_number = secrets.token_bytes(32), max(segment.number for segment in segments) + 1
    moved = []
    for number, segment in enumerate(kept, next_number):
        vault.path(session_id, number).unlink(missing_ok=True)
        with vault.open(session_id, segment.number) as reader:
            _seal_again(reader, SealedWriter(vault.path(session_id, number), derived(key, f"segment {number}")))
        moved.append(Segment(number, segment.start_s, segment.end_s))
    vault.replace_segments(session_id, key, moved)
    for segment in segments:
        vault.path(session_id, segment.number).unlink(missing_ok=True)


def drop_orphans(database: Database) -> int:
    """Remove picture and sound of clips that are not asked about any more; how many files went.

    Raises:
        StoreError: the database cannot be written.
    """
    vault, num_dropped = MediaVault(database), 0
    for row in database.rows("SELECT session_id FROM recordings WHERE is_clips = 1"):
        clips = database.rows(
            "SELECT start_s, end_s FROM clips JOIN sessions USING (session_key) WHERE session_id = ?", (row["session_id"],)
        )
        segments = vault.segments(row["session_id"])
        wanted = {
            segment.number
            for segment in segments
            if any(clip["start_s"] < (segment.end_s or math.inf) and clip["end_s"] > segment.start_s for clip in clips)
        }
        if len(wanted) < len(segments):
            keep_only(vault, row["session_id"], wanted)
            num_dropped += len(segments) - len(wanted)
    return num_dropped


def _seal_again(reader: SealedReader, writer: SealedWriter) -> None:
    try:
        while piece := reader.read(PIECE_BYTES):
            writer.write(piece)
        writer.finish()
    finally:
        writer.abandon()
