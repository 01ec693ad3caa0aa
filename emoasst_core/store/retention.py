"""How long things are kept: clips nobody answered for a week, recordings for a month; looked at whenever EmoAsst starts.

A clock that is wrong deletes nothing: after a jump of more than a month forward the first look only notes it, and the next
one, at least an hour later, acts. What carries a moment in the future is given the present one, so that it does not stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from emoasst_core.store.audit import note
from emoasst_core.store.clip_retention import drop_orphans
from emoasst_core.store.columns import moment_from_text, text_from_moment
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault

CLIP_DAYS: Final[int] = 7
VIDEO_DAYS: Final[int] = 30
JUMP: Final = timedelta(days=30)
SETTLED: Final = timedelta(hours=1)
SWEPT, WAITED = "sweep", "sweep put off"


@dataclass(frozen=True, slots=True)
class Swept:
    """What one look removed; `is_put_off` where the clock had jumped."""

    num_clips: int
    num_recordings: int
    is_put_off: bool = False


def sweep(database: Database, clip_days: int = CLIP_DAYS, video_days: int = VIDEO_DAYS, now: datetime | None = None) -> Swept:
    """Remove what has been kept long enough.

    Raises:
        StoreError: the database cannot be written.
    """
    now = now or datetime.now(UTC)
    if _has_jumped(database, now):
        note(database, WAITED, {"at": text_from_moment(now)})
        return Swept(0, 0, is_put_off=True)
    with database.writing():
        for table, column in (("clips", "created_at"), ("recordings", "started_at")):
            database.execute(
                f"UPDATE {table} SET {column} = ? WHERE {column} > ?",
                (text_from_moment(now), text_from_moment(now + timedelta(days=1))),
            )
        clips = database.rows(
            "SELECT clip_id FROM clips WHERE created_at <= ? AND clip_id NOT IN (SELECT clip_id FROM clip_answers)",
            (text_from_moment(now - timedelta(days=clip_days)),),
        )
        database.execute_many("DELETE FROM clips WHERE clip_id = ?", [(row["clip_id"],) for row in clips])
    drop_orphans(database)
    old = database.rows(
        "SELECT session_id FROM recordings WHERE started_at <= ?", (text_from_moment(now - timedelta(days=video_days)),)
    )
    vault = MediaVault(database)
    for row in old:
        vault.delete(row["session_id"])
    note(database, SWEPT, {"at": text_from_moment(now), "clips": len(clips), "recordings": len(old)})
    database.checkpoint()
    return Swept(len(clips), len(old))


def _has_jumped(database: Database, now: datetime) -> bool:
    rows = database.rows(
        "SELECT action, json_extract(detail, '$.at') AS at FROM audit WHERE action IN (?, ?) ORDER BY number DESC LIMIT 1",
        (SWEPT, WAITED),
    )
    if not rows:
        return False
    since = now - moment_from_text(rows[0]["at"])
    if rows[0]["action"] == WAITED:
        return since < SETTLED if since >= timedelta(0) else False
    return since > JUMP
