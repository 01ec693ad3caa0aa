"""The family's shots: the labelled clips that the cache is made of, with the last versions to go back to."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np

from emoasst_core.datatypes import Modality, Shot, Vector
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.errors import CacheError
from emoasst_core.store.cache_versions import NUM_VERSIONS_KEPT as NUM_VERSIONS_KEPT
from emoasst_core.store.cache_versions import CacheVersion as CacheVersion
from emoasst_core.store.cache_versions import current_version as current_version
from emoasst_core.store.cache_versions import drop_old_versions, next_version
from emoasst_core.store.cache_versions import earlier_versions as earlier_versions
from emoasst_core.store.cache_versions import hold_back as hold_back
from emoasst_core.store.cache_versions import release as release
from emoasst_core.store.cache_versions import rollback as rollback
from emoasst_core.store.columns import Row, blob_from_vector, moment_from_text, now_text, vectors_by_owner
from emoasst_core.store.database import Database

UNIT_TOLERANCE: Final[float] = 1e-3  # float32 sums over 512 numbers stay well within it


@dataclass(frozen=True, slots=True)
class ShotRecord:
    """A shot and where it came from. The session may have been deleted since.

    Attributes:
        labeller: who gave the newest answer.
        answers: {labeller: emotion} of everybody who answered.
        told_by: what told them.
        is_held: it does not count until an adult says so, since other clips were read worse with it.
    """

    shot: Shot
    session_id: str
    utterance_number: int
    labeller: str
    created_at: datetime
    answers: Mapping[str, str] = field(default_factory=dict)
    told_by: str = ""
    is_held: bool = False


def add_shot(
    database: Database,
    shot: Shot,
    session_id: str,
    utterance_number: int,
    labeller: str = "",
    *,
    answers: Mapping[str, str] | None = None,
    told_by: str = "",
    sitting: str = "",
    change: str = "",
) -> Shot:
    """Put one labelled clip in the cache; an earlier answer for the same utterance and encoder is replaced.

    The very same answer again changes nothing and uses up no version.

    Args:
        labeller: who gave the newest answer.
        answers: {labeller: emotion} of everybody who answered, where the label is made of several answers.
        told_by: what told them, in their choice of words.
        sitting: answers of one sitting make one version; "" for a version of its own.
        change: what the version is called; "" for a name made from the answer.

    Returns:
        The shot with its id.

    Raises:
        CacheError: the label is no distribution over the emotions, or a key is missing or no unit vector.
    """
    _check(shot)
    name = _likeliest(shot.label.tolist())
    given = dict(answers) if answers else {labeller: name}
    with database.writing():
        present = find_record(database, session_id, utterance_number, shot.encoder_hash)
        if present is not None and _is_same(present, shot, labeller, given, told_by):
            return present.shot
        shot_id = _insert(database, shot, (session_id, utterance_number, labeller, told_by), given)
        change = change or (
            f"answers for {session_id}" if sitting else f"{name} for utterance {utterance_number} of {session_id}"
        )
        version = next_version(database, change, sitting)
        if present is not None:
            database.execute("DELETE FROM cache_members WHERE version = ? AND shot_id = ?", (version, present.shot.shot_id))
        database.execute("INSERT INTO cache_members (version, shot_id) VALUES (?, ?)", (version, shot_id))
        drop_old_versions(database)
    return replace(shot, shot_id=shot_id)


def remove_shot(database: Database, shot_id: int, *, sitting: str = "") -> ShotRecord:
    """Take one shot out of the cache; earlier versions still hold it until they are dropped.

    Args:
        sitting: as `add_shot`.

    Returns:
        What was removed.

    Raises:
        CacheError: no such shot is in the cache.
    """
    with database.writing():
        removed = _records(database, shot_id)
        if not removed:
            raise CacheError(f"There is no shot {shot_id} in the cache.", "`emoasst cache list` shows those there are.")
        version = next_version(database, f"removed shot {shot_id}", sitting)
        database.execute("DELETE FROM cache_members WHERE version = ? AND shot_id = ?", (version, shot_id))
        drop_old_versions(database)
    return removed[0]


def list_shots(database: Database, version: int | None = None) -> list[ShotRecord]:
    """The shots of the cache, oldest first; with `version`, as they were then."""
    return _records(database, version=version)


def shots_for(database: Database, encoder_hash: str) -> list[Shot]:
    """The shots that count with these encoders, oldest first; those held back do not.

    Who answered, and when, is not read: this stands between an answer and the next cue.
    """
    which = """JOIN cache_members USING (shot_id)
               WHERE version = (SELECT max(version) FROM cache_versions) AND encoder_hash = ? AND NOT is_held"""
    with database.reading():
        rows = database.rows(
            f"SELECT shot_id, label, encoder_hash, person, event, is_sure FROM shots {which} ORDER BY shot_id", (encoder_hash,)
        )
        vectors = database.rows(
            f"SELECT shot_keys.* FROM shot_keys JOIN shots USING (shot_id) {which} ORDER BY shot_keys.rowid", (encoder_hash,)
        )
    keys = vectors_by_owner(vectors, "shot_id")
    return [_shot(row, keys[row["shot_id"]]) for row in rows]


def get_record(database: Database, shot_id: int) -> ShotRecord | None:
    """The shot of this id, where it is in the cache."""
    return next(iter(_records(database, shot_id)), None)


def twins_of(database: Database, session_id: str, utterance_number: int, encoder_hash: str) -> list[ShotRecord]:
    """The shots in the cache that answer for one utterance by other encoders than these."""
    found = database.rows(
        """SELECT shot_id FROM shots JOIN cache_members USING (shot_id)
           WHERE version = (SELECT max(version) FROM cache_versions)
           AND session_id = ? AND utterance_number = ? AND encoder_hash <> ? ORDER BY shot_id""",
        (session_id, utterance_number, encoder_hash),
    )
    return [record for row in found for record in _records(database, row["shot_id"])]


def find_record(database: Database, session_id: str, utterance_number: int, encoder_hash: str) -> ShotRecord | None:
    """The shot in the cache that answers for one utterance, if there is one."""
    found = database.rows(
        """SELECT shot_id FROM shots JOIN cache_members USING (shot_id)
           WHERE version = (SELECT max(version) FROM cache_versions)
           AND session_id = ? AND utterance_number = ? AND encoder_hash = ?""",
        (session_id, utterance_number, encoder_hash),
    )
    return _records(database, found[-1]["shot_id"])[0] if found else None


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


def _records(database: Database, shot_id: int | None = None, version: int | None = None) -> list[ShotRecord]:
    """The shots of the cache in force or of a kept version, or the one of that id if it is among them."""
    which = """JOIN cache_members USING (shot_id)
               WHERE version = coalesce(?, (SELECT max(version) FROM cache_versions)) AND shot_id = coalesce(?, shot_id)"""
    values = (version, shot_id)
    with database.reading():
        rows = database.rows(f"SELECT shots.*, is_held FROM shots {which} ORDER BY shot_id", values)
        vectors = database.rows(f"SELECT shot_keys.* FROM shot_keys {which} ORDER BY shot_keys.rowid", values)
        given = database.rows(f"SELECT shot_answers.* FROM shot_answers {which} ORDER BY shot_id, labeller", values)
    keys = vectors_by_owner(vectors, "shot_id")
    answers: dict[int, dict[str, str]] = {}
    for row in given:
        answers.setdefault(row["shot_id"], {})[row["labeller"]] = row["emotion"]
    return [
        ShotRecord(
            shot=_shot(row, keys[row["shot_id"]]),
            session_id=row["session_id"],
            utterance_number=row["utterance_number"],
            labeller=row["labeller"],
            created_at=moment_from_text(row["created_at"]),
            answers=answers.get(row["shot_id"]) or {row["labeller"]: _likeliest(json.loads(row["label"]))},
            told_by=row["told_by"],
            is_held=bool(row["is_held"]),
        )
        for row in rows
    ]


def _shot(row: Row, keys: Mapping[Modality, Vector]) -> Shot:
    return Shot(
        label=_label(row["label"]).copy(),
        keys=keys,
        encoder_hash=row["encoder_hash"],
        person=row["person"],
        shot_id=row["shot_id"],
        event=row["event"],
        is_sure=bool(row["is_sure"]),
    )


@functools.lru_cache(maxsize=256)
def _label(text: str) -> Vector:
    """The label that a column holds; most are one of seven."""
    return np.array(json.loads(text), dtype=np.float32)


def _insert(database: Database, shot: Shot, origin: tuple[str, int, str, str], answers: Mapping[str, str]) -> int:
    session_id, utterance_number, labeller, told_by = origin
    shot_id = database.execute(
        """INSERT INTO shots (label, encoder_hash, person, session_id, utterance_number, labeller, created_at,
                              event, is_sure, told_by)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            json.dumps([float(prob) for prob in shot.label]), shot.encoder_hash, shot.person, session_id, utterance_number,
            labeller, now_text(), shot.event, int(shot.is_sure), told_by,
        ),
    )  # fmt: skip
    database.execute_many(
        "INSERT INTO shot_keys (shot_id, modality, vector) VALUES (?, ?, ?)",
        ((shot_id, modality.value, blob_from_vector(key)) for modality, key in shot.keys.items()),
    )
    database.execute_many(
        "INSERT INTO shot_answers (shot_id, labeller, emotion) VALUES (?, ?, ?)",
        ((shot_id, who, emotion) for who, emotion in answers.items()),
    )
    return shot_id


def _likeliest(label: list[float]) -> str:
    return EMOTIONS[int(np.argmax(label))]


def _is_same(present: ShotRecord, shot: Shot, labeller: str, answers: Mapping[str, str], told_by: str) -> bool:
    """Whether an answer says nothing new."""
    before = present.shot
    plain = (before.person, before.event, before.is_sure, present.labeller, dict(present.answers), present.told_by)
    if (
        plain != (shot.person, shot.event, shot.is_sure, labeller, dict(answers), told_by)
        or before.keys.keys() != shot.keys.keys()
    ):
        return False
    pairs = [(before.label, shot.label), *((before.keys[modality], shot.keys[modality]) for modality in shot.keys)]
    return all(np.array_equal(np.float32(old), np.float32(new)) for old, new in pairs)
