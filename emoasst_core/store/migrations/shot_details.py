"""What the personal memory needs to know of an answer: which event it belongs to, how sure, told by what, and by whom else."""

from __future__ import annotations

from typing import Final

SHOT_DETAILS: Final[str] = """
ALTER TABLE shots ADD COLUMN event TEXT NOT NULL DEFAULT '';    -- clips of one event count as one observation; '' is unknown
ALTER TABLE shots ADD COLUMN is_sure INTEGER NOT NULL DEFAULT 1 CHECK (is_sure IN (0, 1));
ALTER TABLE shots ADD COLUMN told_by TEXT NOT NULL DEFAULT '';  -- face, voice, words, situation; '' where nobody said

-- Who answered what for a shot: two adults who differ make a soft label, and each keeps an answer of their own.
CREATE TABLE shot_answers (
    shot_id     INTEGER NOT NULL REFERENCES shots ON DELETE CASCADE,
    labeller    TEXT NOT NULL,
    emotion     TEXT NOT NULL,
    PRIMARY KEY (shot_id, labeller)
) STRICT, WITHOUT ROWID;

-- Answers of one sitting make one version, so that one action takes all of them back; '' is a change by itself.
ALTER TABLE cache_versions ADD COLUMN sitting TEXT NOT NULL DEFAULT '';

-- A shot that made the other clips read worse is kept, but does not count until an adult says so.
ALTER TABLE cache_members ADD COLUMN is_held INTEGER NOT NULL DEFAULT 0 CHECK (is_held IN (0, 1));
"""
