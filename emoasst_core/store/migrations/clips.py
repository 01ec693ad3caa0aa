"""Clips that a parent is asked about, and who answered what."""

from __future__ import annotations

from typing import Final

CLIPS: Final[str] = """
-- A few seconds of a session that a parent is asked about. What is answered is the utterance it names.
CREATE TABLE clips (
    clip_id           INTEGER PRIMARY KEY AUTOINCREMENT,
    session_key       INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    utterance_number  INTEGER NOT NULL CHECK (utterance_number >= 1),
    start_s           REAL NOT NULL,
    end_s             REAL NOT NULL CHECK (end_s > start_s),
    person            TEXT NOT NULL,
    reason            TEXT NOT NULL,                  -- why it was picked: close, conflict, flips, asked, unfamiliar, ...
    is_shown          INTEGER NOT NULL CHECK (is_shown IN (0, 1)),  -- among the few that are asked first
    created_at        TEXT NOT NULL,
    UNIQUE (session_key, utterance_number)
) STRICT;
CREATE INDEX clips_by_person ON clips (person);

-- Several adults may answer the same clip; each has one answer, and a newer one replaces it.
CREATE TABLE clip_answers (
    clip_id           INTEGER NOT NULL REFERENCES clips ON DELETE CASCADE,
    labeller          TEXT NOT NULL CHECK (labeller <> ''),
    answer            TEXT NOT NULL,                  -- an emotion, cant_tell or something_else
    is_sure           INTEGER NOT NULL CHECK (is_sure IN (0, 1)),
    told_by           TEXT NOT NULL,                  -- face, voice, words, situation, or empty
    answered_at       TEXT NOT NULL,
    PRIMARY KEY (clip_id, labeller)
) STRICT, WITHOUT ROWID;
"""
