"""The family's shots: the labelled clips that the cache is made of, with the last versions to go back to."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np

from emoasst_core.datatypes import Shot
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.errors import CacheError
from emoasst_core.store.columns import (
    Row,
    blob_from_vector,
    moment_from_text,
    now_text,
    text_from_moment,
    vectors_by_owner,
)
from emoasst_core.store.database import Database

NUM_VERSIONS_KEPT: Final[int] = 5  # earlier states that can be brought back
UNIT_TOLERANCE: Final[float] = 1e-3  # float32 sums over 512 numbers stay well within it


@dataclass(frozen=True, slots=True)
class ShotRecord:
    """A shot and where it came from. The session may have been deleted since."""

    shot: Shot
    session_id: str
    utterance_number: int
    labeller: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CacheVersion:
    """One state of the cache; `change` says in words what made it."""

    version: int
    created_at: datetime
    change: str
    num_shots: int


def add_shot(database: Database, shot: Shot, session_id: str, utterance_number: int, labeller: str = "") -> Shot:
    """Put one labelled clip in the cache; an earlier answer for the same utterance and encoder is replaced.

    Returns:
        The shot with its id.

    Raises:
        CacheError: the label is no distribution over the emotions, or a key is missing or no unit vector.
    """
    _check(shot)
    with database.writing():
        shot_id = database.execute(
            """INSERT INTO shots (label, encoder_hash, person, session_id, utterance_number, labeller, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (
                json.dumps([float(prob) for prob in shot.label]),
                shot.encoder_hash,
                shot.person,
                session_id,
                utterance_number,
                labeller,
                now_text(),
            ),
        )
        database.execute_many(
            "INSERT INTO shot_keys (shot_id, modality, vector) VALUES (?, ?, ?)",
            ((shot_id, modality.value, blob_from_vector(key)) for modality, key in shot.keys.items()),
        )
        name = EMOTIONS[int(np.argmax(shot.label))]
        version = _next_version(database, f"{name} for utterance {utterance_number} of {session_id}")
        database.execute(
            """DELETE FROM cache_members WHERE version = ? AND shot_id IN
               (SELECT shot_id FROM shots WHERE session_id = ? AND utterance_number = ? AND encoder_hash = ?)""",
            (version, session_id, utterance_number, shot.encoder_hash),
        )
        database.execute("INSERT INTO cache_members (version, shot_id) VALUES (?, ?)", (version, shot_id))
        _drop_old_versions(database)
    return replace(shot, shot_id=shot_id)


def remove_shot(database: Database, shot_id: int) -> ShotRecord:
    """Take one shot out of the cache; earlier versions still hold it until they are dropped.

    Returns:
        What was removed.

    Raises:
        CacheError: no such shot is in the cache.
    """
    with database.writing():
        removed = _records(database, shot_id)
        if not removed:
            raise CacheError(f"There is no shot {shot_id} in the cache.", "`emoasst cache list` shows those there are.")
        version = _next_version(database, f"removed shot {shot_id}")
        database.execute("DELETE FROM cache_members WHERE version = ? AND shot_id = ?", (version, shot_id))
        _drop_old_versions(database)
    return removed[0]


def list_shots(database: Database) -> list[ShotRecord]:
    """The shots of the cache, oldest first."""
    return _records(database)


def shots_for(database: Database, encoder_hash: str) -> list[Shot]:
    """The shots that can be used with these encoders, oldest first."""
    return [record.shot for record in list_shots(database) if record.shot.encoder_hash == encoder_hash]


def current_version(database: Database) -> CacheVersion:
    """The state the cache is in."""
    return _versions(database)[0]


def earlier_versions(database: Database) -> list[CacheVersion]:
    """The states that can be brought back, newest first, at most `NUM_VERSIONS_KEPT`."""
    return _versions(database)[1:]


def rollback(database: Database) -> CacheVersion:
    """Undo the last change of the cache, exactly; again, and the change before it is undone.

    Returns:
        The version that is in force now.

    Raises:
        CacheError: no earlier version is kept.
    """
    with database.writing():
        if not earlier_versions(database):
            raise CacheError(
                "There is no earlier version of the cache to go back to.", f"The last {NUM_VERSIONS_KEPT} changes are kept."
            )
        database.execute("DELETE FROM cache_versions WHERE version = (SELECT max(version) FROM cache_versions)")
        _drop_unused_shots(database)
        return current_version(database)


def export_shots(database: Database) -> dict[str, Any]:
    """The cache as JSON values: the same cache gives the same bytes."""
    return {
        "format": "emoasst-shots",
        "format_version": 1,
        "emotions": list(EMOTIONS),
        "key_encoding": "base64 of little-endian float32",
        "shots": [
            {
                "shot_id": record.shot.shot_id,
                "label": [float(prob) for prob in record.shot.label],
                "encoder_hash": record.shot.encoder_hash,
                "person": record.shot.person,
                "session": record.session_id,
                "utterance": record.utterance_number,
                "labeller": record.labeller,
                "created_at": text_from_moment(record.created_at),
                "keys": {
                    modality.value: base64.b64encode(blob_from_vector(key)).decode("ascii")
                    for modality, key in record.shot.keys.items()
                },
            }
            for record in list_shots(database)
        ],
    }


def _check(shot: Shot) -> None:
    label = np.asarray(shot.label)
    if label.shape != (NUM_EMOTIONS,) or not np.all(label >= 0) or abs(float(label.sum()) - 1) > UNIT_TOLERANCE:
        raise CacheError(f"A label needs {NUM_EMOTIONS} shares that sum to 1, got {label.tolist()}.")
    if not shot.keys:
        raise CacheError("A shot needs the embedding of a face, a voice or words; this one has none.")
    for modality, key in shot.keys.items():
        norm = float(np.linalg.norm(key))
        if key.ndim != 1 or not abs(norm - 1) <= UNIT_TOLERANCE:  # NaN fails this comparison, as it should
            raise CacheError(f"The {modality.value} key of a shot must be a unit vector; its length is {norm:.4g}.")


def _records(database: Database, shot_id: int | None = None) -> list[ShotRecord]:
    """The shots of the cache in force, or the one of that id if it is among them."""
    which = """JOIN cache_members USING (shot_id)
               WHERE version = (SELECT max(version) FROM cache_versions) AND shot_id = coalesce(?, shot_id)"""
    with database.reading():
        rows = database.rows(f"SELECT shots.* FROM shots {which} ORDER BY shot_id", (shot_id,))
        vectors = database.rows(f"SELECT shot_keys.* FROM shot_keys {which} ORDER BY shot_keys.rowid", (shot_id,))
    keys = vectors_by_owner(vectors, "shot_id")
    return [
        ShotRecord(
            shot=Shot(
                label=np.array(json.loads(row["label"]), dtype=np.float32),
                keys=keys[row["shot_id"]],
                encoder_hash=row["encoder_hash"],
                person=row["person"],
                shot_id=row["shot_id"],
            ),
            session_id=row["session_id"],
            utterance_number=row["utterance_number"],
            labeller=row["labeller"],
            created_at=moment_from_text(row["created_at"]),
        )
        for row in rows
    ]


def _versions(database: Database) -> list[CacheVersion]:
    rows: list[Row] = database.rows(
        """SELECT cache_versions.*, count(shot_id) AS num_shots
           FROM cache_versions LEFT JOIN cache_members USING (version) GROUP BY version ORDER BY version DESC"""
    )
    return [CacheVersion(row["version"], moment_from_text(row["created_at"]), row["change"], row["num_shots"]) for row in rows]


def _next_version(database: Database, change: str) -> int:
    """A new version with the members of the last one, to be changed by the caller."""
    version = database.execute("INSERT INTO cache_versions (created_at, change) VALUES (?, ?)", (now_text(), change))
    database.execute(
        """INSERT INTO cache_members (version, shot_id) SELECT ?, shot_id FROM cache_members
           WHERE version = (SELECT max(version) FROM cache_versions WHERE version < ?)""",
        (version, version),
    )
    return version


def _drop_old_versions(database: Database) -> None:
    database.execute(
        "DELETE FROM cache_versions WHERE version NOT IN (SELECT version FROM cache_versions ORDER BY version DESC LIMIT ?)",
        (NUM_VERSIONS_KEPT + 1,),
    )
    _drop_unused_shots(database)


def _drop_unused_shots(database: Database) -> None:
    database.execute("DELETE FROM shots WHERE shot_id NOT IN (SELECT shot_id FROM cache_members)")
