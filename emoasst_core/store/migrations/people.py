"""The people who are met, what each of them agreed to, and the face pictures they are recognised by."""

from __future__ import annotations

from typing import Final

PEOPLE: Final[str] = """
CREATE TABLE people (
    person_id   TEXT PRIMARY KEY CHECK (person_id GLOB 'p-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'),
    name        TEXT NOT NULL CHECK (trim(name) <> ''),
    role        TEXT NOT NULL CHECK (role IN ('child', 'adult', 'other')),  -- the child is the one who wears the cues
    created_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What holds at present; a row is an agreement, no row is none.
CREATE TABLE consents (
    person_id   TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
    kind        TEXT NOT NULL CHECK (kind IN ('live', 'record', 'clips')),
    granted_at  TEXT NOT NULL,
    PRIMARY KEY (person_id, kind)
) STRICT, WITHOUT ROWID;

-- What was agreed and withdrawn when. It outlives the person, whose name it does not hold.
CREATE TABLE consent_log (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    happened_at TEXT NOT NULL,
    person_id   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    action      TEXT NOT NULL CHECK (action IN ('granted', 'withdrawn', 'forgotten'))
) STRICT;

CREATE TABLE face_pictures (
    face_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id     TEXT NOT NULL REFERENCES people ON DELETE CASCADE,
    encoder_hash  TEXT NOT NULL,                      -- of the encoder that made the vector
    vector        BLOB NOT NULL CHECK (length(vector) > 0 AND length(vector) % 4 = 0),
    thumbnail     BLOB NOT NULL,                      -- JPEG; empty where none was kept
    created_at    TEXT NOT NULL
) STRICT;
CREATE INDEX face_pictures_by_person ON face_pictures (person_id);

-- Who an adult said was there.
CREATE TABLE session_people (
    session_id  TEXT NOT NULL,
    person_id   TEXT NOT NULL,
    PRIMARY KEY (session_id, person_id)
) STRICT, WITHOUT ROWID;
"""
