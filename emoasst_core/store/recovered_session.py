"""A session whose recording broke off: its end was never written, so it has pictures and sound but no readings."""

from __future__ import annotations

from emoasst_core.datatypes import Timeline
from emoasst_core.store.columns import moment_from_text
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import SessionRecord, save_session


def recover_session(vault: MediaVault, session_id: str) -> float:
    """Give a recording that broke off an end, and list its session, so that it can be played and deleted like any other.

    Returns:
        The seconds that were saved.

    Raises:
        StoreError: nothing was kept of this session.
        DamagedError: a file of it was changed; it stays as it is.
    """
    saved_s = vault.recover(session_id)
    duration_s = max((segment.end_s for segment in vault.segments(session_id) if segment.end_s is not None), default=0.0)
    database = vault.database
    if duration_s > 0 and not database.rows("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)):
        started_at = moment_from_text(vault.facts(session_id)[0])
        save_session(database, SessionRecord(session_id, "", started_at, duration_s, "", "", Timeline("", duration_s, ())))
    return saved_s
