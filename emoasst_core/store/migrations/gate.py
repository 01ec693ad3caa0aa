"""The adult's PIN: its hash, the failed tries, and the waiting time that is still owed."""

from __future__ import annotations

from typing import Final

GATE: Final[str] = """
CREATE TABLE gate (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    pin_hash    TEXT NOT NULL,                        -- Argon2id, salt and costs included
    num_failed  INTEGER NOT NULL CHECK (num_failed >= 0),  -- tries since the last right one, counted before each is checked
    owed_s      REAL NOT NULL CHECK (owed_s >= 0),    -- waiting time left when it was last looked at
    seen_s      REAL NOT NULL                         -- the machine's running time at that moment
) STRICT;
"""
