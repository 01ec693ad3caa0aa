"""Kept recordings: the wrapped key of each, its segments, and where nothing was captured."""

from __future__ import annotations

from typing import Final

MEDIA: Final[str] = """
-- Dropping a row drops the only key to the recording's files.
CREATE TABLE recordings (
    session_id   TEXT PRIMARY KEY CHECK (session_id <> ''),
    wrapped_key  BLOB NOT NULL,                       -- under the master key, bound to session_id
    started_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE segments (
    session_id   TEXT NOT NULL REFERENCES recordings ON DELETE CASCADE,
    number       INTEGER NOT NULL CHECK (number >= 1),
    start_s      REAL NOT NULL,
    end_s        REAL,                                -- NULL until the file is whole
    PRIMARY KEY (session_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE gaps (
    session_id   TEXT NOT NULL REFERENCES recordings ON DELETE CASCADE,
    start_s      REAL NOT NULL,
    end_s        REAL NOT NULL CHECK (end_s >= start_s),
    reason       TEXT NOT NULL
) STRICT;
"""
