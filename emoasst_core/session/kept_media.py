"""Where the pictures of a session can be found: the file it was made from, or the encrypted recording that was kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from emoasst_core.session.playback_source import Source, Stretch
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import SessionRecord


def media_of(database: Database, record: SessionRecord) -> Source | None:
    """What a player may show of a session; None where nothing was kept, or the file has been moved."""
    if record.recording:
        path = Path(record.recording)
        return path if path.is_file() else None
    vault = MediaVault(database)
    kept = []
    for segment in vault.segments(record.session_id):
        opens = partial(_open, database.path, vault.folder, record.session_id, segment.number)
        if segment.end_s is not None:
            kept.append(Stretch(segment.start_s, opens, segment.end_s))
    return tuple(kept) or None


def _open(database_path: Path, folder: Path, session_id: str, segment: int) -> BinaryIO:
    """One file, decrypted while it is read, on whichever thread asks for it."""
    with Database(database_path, create=False) as database:
        return cast("BinaryIO", MediaVault(database, folder).open(session_id, segment))
