"""What was done with the family's data, as a chain: each line holds the hash of the one before."""

from __future__ import annotations

from typing import Final

AUDIT: Final[str] = """
CREATE TABLE audit (
    number       INTEGER PRIMARY KEY CHECK (number >= 1),
    happened_at  TEXT NOT NULL,
    action       TEXT NOT NULL,
    detail       TEXT NOT NULL CHECK (json_valid(detail)),  -- ids and counts, never names or words
    chain        TEXT NOT NULL                              -- SHA-256 over the line before and this one
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the log of what was done is never changed');
END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the log of what was done is never cut');
END;
"""
