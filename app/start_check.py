"""What the window looks at before it opens: whether the data can be read, what is too old to keep, and what broke off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emoasst_core.clock import length_text
from emoasst_core.errors import DamagedError, EmoAsstError, KeyLostError
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault, recordings_folder
from emoasst_core.store.passing_recording import drop_left_over
from emoasst_core.store.recovered_session import recover_session
from emoasst_core.store.retention import CLIP_DAYS, VIDEO_DAYS, sweep


@dataclass(frozen=True, slots=True)
class StartReport:
    """What was found.

    Attributes:
        trouble: `KeyLostError` or `DamagedError` where the data cannot be read.
        unfinished: sessions whose recording broke off.
        clock_jumped: the computer's date went far ahead, so nothing was deleted as too old.
    """

    trouble: EmoAsstError | None = None
    unfinished: tuple[str, ...] = ()
    clock_jumped: bool = False

    @property
    def message(self) -> str:
        """What to say on the start page; "" for nothing."""
        if self.unfinished:
            what = "A recording" if len(self.unfinished) == 1 else f"{len(self.unfinished)} recordings"
            return f"{what} broke off before the end, by a power cut for example."
        return "The date of this computer has jumped. Nothing was deleted as too old." if self.clock_jumped else ""

    @property
    def next_step(self) -> str:
        """What to do about it."""
        if self.unfinished:
            return "What was kept until then can be saved, so that it plays."
        return "Check the date of this computer." if self.clock_jumped else ""

    @property
    def offer(self) -> str:
        """The words of the button."""
        return "Save what was kept" if self.unfinished else "Close this message"


def check_at_start(path: Path, clip_days: int = CLIP_DAYS, video_days: int = VIDEO_DAYS) -> StartReport:
    """Look at the whole file, then delete what is past its days; blocks, so call it off the window's thread.

    Args:
        path: the database.
        clip_days: how long clips that nobody answered are kept.
        video_days: how long recordings are kept.

    Raises:
        StoreError: it cannot be read for another reason, such as missing permissions.
    """
    if not path.exists():
        return StartReport()
    try:
        with Database(path) as database:
            if faults := database.faults():
                return StartReport(
                    DamagedError(f"The database {path.name} is damaged: {faults[0]}.", "Put a backup in its place.")
                )
            drop_left_over(recordings_folder(database))
            swept = sweep(database, clip_days, video_days)
            return StartReport(None, tuple(MediaVault(database).unfinished()), swept.is_put_off)
    except (KeyLostError, DamagedError) as error:
        return StartReport(error)


def recover_recordings(path: Path, unfinished: Sequence[str]) -> str:
    """Give each recording an end; says how much was saved, and how many are damaged: those stay as they are."""
    saved_s, num_damaged = 0.0, 0
    with Database(path) as database:
        vault = MediaVault(database)
        for session_id in unfinished:
            try:
                saved_s += recover_session(vault, session_id)
            except DamagedError:
                num_damaged += 1
    damaged = f" {num_damaged} damaged and left as it is: put a backup in its place." if num_damaged else ""
    return f"{length_text(saved_s)} of picture and sound were saved.{damaged}"
