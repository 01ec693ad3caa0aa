"""Practice rounds whose score an adult wanted kept."""

from __future__ import annotations

from typing import Final

PRACTICE: Final[str] = """
-- One row per round; none is written unless an adult has turned it on.
CREATE TABLE practice_rounds (
    round_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    played_at     TEXT NOT NULL,
    num_alike     INTEGER NOT NULL CHECK (num_alike >= 0),      -- guesses that were what the family had said
    num_guessed   INTEGER NOT NULL CHECK (num_guessed >= num_alike)
) STRICT;
"""
