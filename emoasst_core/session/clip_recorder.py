"""Keeps a session only long enough to cut the clips out of it: people agreed to clips, not to a recording."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from emoasst_core.session.recorder import ChooseClips, Recorder

if TYPE_CHECKING:
    from emoasst_core.store.database import Database


class ClipRecorder(Recorder):
    """Seals everything under a key that is only in memory; after the session keeps the clips and forgets that key.

    Args:
        database_path, session_id: as `Recorder`.
        choose_clips: which stretches of the saved session are kept.
    """

    def __init__(self, database_path: Path, session_id: str, choose_clips: ChooseClips) -> None:
        self._choose_clips = choose_clips
        self._decided = threading.Event()
        self._keeps = False
        super().__init__(database_path, session_id)

    def decide(self, keeps: bool) -> None:
        """The session is saved and its clips may be kept, or nothing may; only the first word counts."""
        with self._changed:
            if self._decided.is_set():
                return
            self._keeps = keeps
            if not keeps:
                self._waiting.clear()
                self._num_frames = 0
            self._is_closed = True
            self._decided.set()
            self._changed.notify()

    def _keep(self, database: Database) -> None:
        from emoasst_core.store.clip_media import keep_clips
        from emoasst_core.store.media import MediaVault
        from emoasst_core.store.passing_recording import PassingRecording
        from emoasst_core.store.recording_writer import RecordingWriter

        passing = PassingRecording(database)
        try:
            self._write(RecordingWriter(passing, self._session_id))
            self._decided.wait()
            if self._keeps:
                keep_clips(MediaVault(database), self._session_id, passing, self._choose_clips(database, self._session_id))
        finally:
            passing.discard()
