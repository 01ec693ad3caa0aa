"""The tables, as numbered migrations: entry n of `MIGRATIONS` brings a file from version n to version n + 1.

A migration that has been released is never edited; a change is a new entry at the end. Times of day are ISO 8601 text in
UTC, times within a session are seconds since its start, vectors are little-endian float32 blobs.
"""

from __future__ import annotations

from typing import Final

from emoasst_core.store.migrations.audit import AUDIT
from emoasst_core.store.migrations.clip_media import CLIP_MEDIA
from emoasst_core.store.migrations.clips import CLIPS
from emoasst_core.store.migrations.gate import GATE
from emoasst_core.store.migrations.kept_shots import KEPT_SHOTS
from emoasst_core.store.migrations.media import MEDIA
from emoasst_core.store.migrations.people import PEOPLE
from emoasst_core.store.migrations.practice import PRACTICE
from emoasst_core.store.migrations.session_marks import SESSION_MARKS
from emoasst_core.store.migrations.shot_details import SHOT_DETAILS

APPLICATION_ID: Final[int] = 0x456D6F41  # "EmoA": tells our file from any other SQLite file

_SESSIONS_AND_SHOTS: Final[str] = """
-- One analysed recording or one live session.
CREATE TABLE sessions (
    session_key   INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of saving; what the tables below refer to
    session_id    TEXT NOT NULL UNIQUE CHECK (session_id <> ''),
    recording     TEXT NOT NULL,
    started_at    TEXT NOT NULL,
    duration_s    REAL NOT NULL CHECK (duration_s >= 0),
    profile       TEXT NOT NULL,                      -- name of the model profile
    encoder_hash  TEXT NOT NULL                       -- of the encoders that made the embeddings
) STRICT;

-- The head of a session's timeline; spans and words are its rows.
CREATE TABLE timelines (
    session_key   INTEGER PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    recording     TEXT NOT NULL,
    duration_s    REAL NOT NULL,
    words_model   TEXT NOT NULL
) STRICT;

CREATE TABLE spans (
    session_key   INTEGER NOT NULL REFERENCES timelines ON DELETE CASCADE,
    position      INTEGER NOT NULL,                   -- place in the timeline, from 0
    start_s       REAL NOT NULL,
    end_s         REAL NOT NULL CHECK (end_s >= start_s),
    person        TEXT NOT NULL,
    source        TEXT NOT NULL,                      -- the lane: face, voice, words, fused, shown
    state         TEXT NOT NULL,
    emotion       TEXT,
    probs         TEXT NOT NULL CHECK (json_valid(probs)),  -- {emotion: probability}, {} where nothing could be read
    PRIMARY KEY (session_key, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE words (
    session_key   INTEGER NOT NULL REFERENCES timelines ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    start_s       REAL NOT NULL,
    end_s         REAL NOT NULL CHECK (end_s >= start_s),
    text          TEXT NOT NULL,
    PRIMARY KEY (session_key, position)
) STRICT, WITHOUT ROWID;

-- What was classified, one row per utterance or window: the unit an adult corrects.
CREATE TABLE utterances (
    session_key   INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    number        INTEGER NOT NULL CHECK (number >= 1),
    start_s       REAL NOT NULL,
    end_s         REAL NOT NULL CHECK (end_s >= start_s),
    is_speech     INTEGER NOT NULL CHECK (is_speech IN (0, 1)),
    person        TEXT NOT NULL,
    text          TEXT NOT NULL,
    emotion       TEXT,                               -- the model's guess
    state         TEXT NOT NULL,
    probs         TEXT NOT NULL CHECK (json_valid(probs)),
    label         TEXT,                               -- an adult's answer; NULL until somebody gives one
    labeller      TEXT NOT NULL DEFAULT '',
    labelled_at   TEXT,
    PRIMARY KEY (session_key, number)
) STRICT;

-- A correction goes beside the guess, never over it: what the model said stays measurable.
CREATE TRIGGER utterances_keep_the_guess BEFORE UPDATE OF emotion, state, probs ON utterances
BEGIN
    SELECT RAISE(ABORT, 'the guess of the model is never overwritten');
END;

CREATE TABLE utterance_embeddings (
    session_key   INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    modality      TEXT NOT NULL,
    vector        BLOB NOT NULL CHECK (length(vector) > 0 AND length(vector) % 4 = 0),
    PRIMARY KEY (session_key, number, modality),
    FOREIGN KEY (session_key, number) REFERENCES utterances (session_key, number) ON DELETE CASCADE
) STRICT;

-- One labelled clip. A row never changes: another answer is another row, so earlier versions of the cache stay exact.
CREATE TABLE shots (
    shot_id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
    label             TEXT NOT NULL CHECK (json_valid(label)),  -- soft label, one number per emotion in class order
    encoder_hash      TEXT NOT NULL,
    person            TEXT NOT NULL,
    session_id        TEXT NOT NULL,                      -- where it came from; the session may have been deleted since
    utterance_number  INTEGER NOT NULL,
    labeller          TEXT NOT NULL,                      -- who gave the answer
    created_at        TEXT NOT NULL
) STRICT;

CREATE TABLE shot_keys (
    shot_id       INTEGER NOT NULL REFERENCES shots ON DELETE CASCADE,
    modality      TEXT NOT NULL,
    vector        BLOB NOT NULL CHECK (length(vector) > 0 AND length(vector) % 4 = 0),
    PRIMARY KEY (shot_id, modality)
) STRICT;

-- The cache is the set of shots of the newest version; a few earlier versions are kept to go back to.
CREATE TABLE cache_versions (
    version       INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at    TEXT NOT NULL,
    change        TEXT NOT NULL                       -- what made this version, in words
) STRICT;

CREATE TABLE cache_members (
    version       INTEGER NOT NULL REFERENCES cache_versions ON DELETE CASCADE,
    shot_id       INTEGER NOT NULL REFERENCES shots ON DELETE CASCADE,
    PRIMARY KEY (version, shot_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cache_members_by_shot ON cache_members (shot_id);  -- deleting a shot looks its memberships up

INSERT INTO cache_versions (created_at, change) VALUES (strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), 'empty cache');
"""

MIGRATIONS: tuple[str, ...] = (
    _SESSIONS_AND_SHOTS, PEOPLE, CLIPS, AUDIT, GATE, SHOT_DETAILS, SESSION_MARKS, PRACTICE, MEDIA,
    CLIP_MEDIA, KEPT_SHOTS,
)  # fmt: skip
