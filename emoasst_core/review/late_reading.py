"""Recordings that broke off were kept, but what was read of them is lost: they are read again, as a file would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emoasst_core.clock import length_text
from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import DamagedError, EmoAsstError, MediaError, StoreError
from emoasst_core.profile import resolve_profile
from emoasst_core.session.kept_media import media_of
from emoasst_core.store.audit import audit_log, note
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import SessionInfo, fill_session, get_session, list_sessions
from emoasst_core.systems.opening import hash_of_profile

if TYPE_CHECKING:
    from emoasst_core.session.playback_source import Stretch

JOB: Final = "emoasst_core.review.late_reading:run_job"
OVERLAP_S: Final = 0.05  # two files may meet this inexactly
UNREADABLE: Final = "recording could not be read"
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LateReport:
    """How many recordings were read, how long they are together, and what went wrong with others."""

    num_read: int
    seconds: float
    failures: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For people."""
        length = length_text(self.seconds)
        read = f"What had broken off was looked through ({length}); it can be reviewed now." if self.num_read else ""
        return " ".join((read, *self.failures)).strip()


def unread_sessions(database: Database, with_given_up: bool = False) -> tuple[SessionInfo, ...]:
    """Live sessions of which a whole recording was kept and no feelings, oldest first.

    Args:
        with_given_up: also those that could not be read the last time.
    """
    unread = [info for info in list_sessions(database) if not info.recording and not info.encoder_hash]
    if not unread:
        return ()  # as nearly always: neither the log nor the recordings are looked through
    vault = MediaVault(database)
    left = set() if with_given_up else {line.detail["session"] for line in audit_log(database) if line.action == UNREADABLE}
    whole = {name for name in vault.recorded_sessions() if vault.segments(name) and not vault.facts(name)[1]} - left
    return tuple(sorted((info for info in unread if info.session_id in whole), key=lambda info: info.session_id))


def num_seconds_waiting(database_path: Path, profile: str) -> int:
    """Seconds of recordings that wait to be read; loads no model. Nothing waits where the model cannot be opened."""
    if not database_path.exists():
        return 0
    with Database(database_path) as database:
        num_seconds = sum(max(1, round(info.duration_s)) for info in unread_sessions(database))
    if num_seconds:
        try:
            hash_of_profile(resolve_profile(profile))
        except EmoAsstError:
            return 0  # the model process says what is wrong with the model
    return num_seconds


def run_job(tell: Tell, database_path: Path, profile: str, with_given_up: bool = False) -> LateReport:
    """Read all of them, in a process that may load models; each is kept when it is done.

    Args:
        tell: told how many of how many seconds are done.

    Raises:
        EmoAsstError: the model or the database cannot be opened.
    """
    with Database(database_path) as database:
        waiting = unread_sessions(database, with_given_up)
    total_s, done_s, failures = sum(info.duration_s for info in waiting), 0.0, []
    num_read, read_s = 0, 0.0
    for info in waiting:
        before_s = done_s
        try:
            for now_s in read_late(database_path, info.session_id, profile):
                done_s = before_s + min(now_s, info.duration_s)
                tell(round(done_s), max(1, round(total_s)))
            num_read, read_s = num_read + 1, read_s + info.duration_s
        except (MediaError, DamagedError) as error:
            failures.append(f"{error.message} {error.next_step}".strip())
            with Database(database_path) as database:
                note(database, UNREADABLE, {"session": info.session_id})
        except StoreError:
            with Database(database_path) as database:
                if any(kept.session_id == info.session_id for kept in list_sessions(database)):
                    raise  # else somebody deleted it meanwhile
        done_s = before_s + info.duration_s
    return LateReport(num_read, read_s, tuple(dict.fromkeys(failures)))


def read_late(database_path: Path, session_id: str, profile: str) -> Iterator[float]:
    """Read one recording through the pipeline, and keep what was read with its session.

    Yields:
        The seconds that are done. Nothing is kept before the last.

    Raises:
        MediaError: it cannot be decoded.
        StoreError: it was deleted meanwhile, or has been read already.
    """
    from emoasst_core.session.pipeline_factory import open_pipeline

    options = AnalysisOptions()
    with Database(database_path) as database:
        source = media_of(database, get_session(database, session_id))
    if not isinstance(source, tuple):
        raise StoreError("Nothing was kept of this session.", "It cannot be read.")
    pipeline = open_pipeline(profile, options, database_path, "")
    for item in _items(source, options.faces.analysis_rate_hz):
        pipeline.feed(item)
        yield item.end_s if isinstance(item, AudioBlock) else item.time_s
    pipeline.finish()
    with Database(database_path) as database:
        fill_session(database, replace(pipeline.record(), session_id=session_id))


def _items(source: tuple[Stretch, ...], rate_hz: float) -> Iterator[Frame | AudioBlock]:
    """Pictures and sound of all files on the clock of the session; each file begins where the one before it has ended."""
    from emoasst_core.capture.media_file import MediaFile  # brings the decoder in: the window asks only what waits

    end_s = 0.0
    for stretch in source:
        with stretch.open() as opened:
            for item in MediaFile(opened, rate_hz):  # type: ignore[arg-type]
                if isinstance(item, Frame):
                    moved: Frame | AudioBlock = replace(item, time_s=stretch.start_s + item.time_s)
                else:
                    moved = replace(item, start_s=stretch.start_s + item.start_s)
                begins_s = moved.time_s if isinstance(moved, Frame) else moved.start_s
                if begins_s < end_s - OVERLAP_S:
                    continue
                yield moved
        end_s = max(end_s, stretch.end_s)
