"""The moments somebody asked about with "?" while a session ran."""

from __future__ import annotations

from typing import Final

SESSION_MARKS: Final[str] = """
CREATE TABLE session_marks (
    session_key   INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    time_s        REAL NOT NULL CHECK (time_s >= 0),
    PRIMARY KEY (session_key, time_s)
) STRICT, WITHOUT ROWID;
"""
