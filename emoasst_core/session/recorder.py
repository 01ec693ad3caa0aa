"""Keeps a session on a thread of its own: the capture threads hand over and go on, whatever the encoder and the disk do."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.sinks import OpenSinks, Sink

if TYPE_CHECKING:
    from emoasst_core.store.database import Database
    from emoasst_core.store.recording_writer import RecordingWriter

ChooseClips = Callable[["Database", str], Sequence[tuple[float, float]]]  # (database, session_id) -> (start, end) in seconds
MAX_FRAMES: Final[int] = 90  # 3 s of a camera at 30 Hz; at 640x480 some 80 MB
MAX_BLOCKS: Final[int] = 3000  # minutes of sound, which is small

_log = logging.getLogger(__name__)


class Recorder:
    """A sink that encrypts and keeps. Its methods return at once; a failure is raised by the next call after it.

    Args:
        database_path: holds the key; the files lie beside it.
        session_id: the session that is kept.

    Attributes:
        frames_dropped, blocks_dropped: what came faster than it could be kept.
    """

    def __init__(self, database_path: Path, session_id: str) -> None:
        self.frames_dropped = 0
        self.blocks_dropped = 0
        self.failure: EmoAsstError | None = None
        self._path = database_path
        self._session_id = session_id
        self._waiting: deque[Frame | AudioBlock | tuple[float, float, str]] = deque()
        self._num_frames = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="recorder")
        self._thread.start()

    def frame(self, frame: Frame) -> None:
        """Keep a picture, unless too many wait already."""
        with self._changed:
            self._raise_failure()
            if self._num_frames >= MAX_FRAMES:
                self.frames_dropped += 1
                return
            self._num_frames += 1
            self._hand_over(frame)

    def sound(self, block: AudioBlock) -> None:
        """Keep a block of sound."""
        with self._changed:
            self._raise_failure()
            if len(self._waiting) - self._num_frames >= MAX_BLOCKS:
                self.blocks_dropped += 1
                return
            self._hand_over(block)

    def gap(self, start_s: float, end_s: float, reason: str) -> None:
        """Note that nothing was captured."""
        with self._changed:
            self._hand_over((start_s, end_s, reason))

    def close(self) -> None:
        """Keep what waits, then end; does not wait for it."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until everything is on the disk."""
        self._thread.join(timeout_s)

    def _hand_over(self, item: Frame | AudioBlock | tuple[float, float, str]) -> None:
        if not self._is_closed and self.failure is None:
            self._waiting.append(item)
            self._changed.notify()

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        from emoasst_core.store.database import Database

        try:
            with Database(self._path) as database:
                self._keep(database)
        except EmoAsstError as error:
            self._fail(error)
        except Exception as error:  # an encoder's own errors: told like any other, and the session goes on
            _log.exception("the recording broke off")
            self._fail(EmoAsstError(f"The recording broke off: {error}.", "What was kept so far can be recovered."))

    def _keep(self, database: Database) -> None:
        from emoasst_core.store.media import MediaVault

        self._write(MediaVault(database).record(self._session_id))

    def _write(self, writer: RecordingWriter) -> None:
        while (item := self._next()) is not None:
            if isinstance(item, Frame):
                writer.frame(item)
            elif isinstance(item, AudioBlock):
                writer.sound(item)
            else:
                writer.gap(*item)
        writer.close()

    def _next(self) -> Frame | AudioBlock | tuple[float, float, str] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            self._num_frames -= isinstance(item, Frame)
            return item

    def _fail(self, error: EmoAsstError) -> None:
        with self._changed:
            self.failure = error
            self._waiting.clear()


def recording_sinks(database_path: Path, choose_clips: ChooseClips | None = None) -> OpenSinks:
    """What opens the sinks of a session: a recorder where people agreed that it is kept, one of clips where only to those.

    Args:
        choose_clips: which stretches of a saved session are the clips to ask about; None keeps no clips.
    """

    def open_sinks(session_id: str, plan: SessionPlan) -> Sequence[Sink]:
        keeps_clips = plan.keeps_clips and choose_clips is not None
        if not plan.keeps_recording and not keeps_clips:
            return []
        from emoasst_core.store.database import Database  # brings the database in: not before it is needed
        from emoasst_core.store.people import People

        with Database(database_path) as database:
            People(database).note_present(session_id, plan.people)
        if plan.keeps_recording or choose_clips is None:
            return [Recorder(database_path, session_id)]
        from emoasst_core.session.clip_recorder import ClipRecorder

        return [ClipRecorder(database_path, session_id, choose_clips)]

    return open_sinks
