"""Clips that an adult looked at again and kept: they are not asked about once more while all around them is as it was.

What stands around a clip are the few answered clips that are most like it, with their answers, and the emotion that the others
speak for. Where a clip comes among the nearest, leaves them or gets another answer, or the others speak for something else, there
is a reason to ask again. More answers far away are none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from emoasst_core.classifier.family_memory import HOUSEHOLD, owner_of
from emoasst_core.datatypes import Shot
from emoasst_core.review.relabel import place_of
from emoasst_core.store.database import Database
from emoasst_core.store.kept_shots import kept_marks, mark_kept
from emoasst_core.store.shots import ShotRecord, find_record, list_shots

NUM_NEIGHBOURS: Final = 5


def still_doubtful(database: Database, others: Mapping[int, str]) -> dict[int, str]:
    """Those that were not kept amid what stands around them now.

    Args:
        others: {doubtful shot: the emotion that the other clips speak for}.
    """
    marks = kept_marks(database) if others else {}
    records = list_shots(database) if marks else []
    kept = [record for record in records if record.shot.shot_id in others.keys() & marks.keys()]
    same = {
        record.shot.shot_id
        for record in kept
        if marks[record.shot.shot_id] == surroundings(record, records, others[record.shot.shot_id])
    }
    return {shot_id: emotion for shot_id, emotion in others.items() if shot_id not in same}


def keep_amid(database: Database, place: tuple[str, int], encoder_hash: str, others: str | None) -> None:
    """Note that an answer stays though the other clips speak for another emotion, or (None) that this was taken back.

    Args:
        place: session and utterance of the shot; nothing happens where there is none.
        encoder_hash: of its keys.
    """
    with database.writing():
        record = find_record(database, *place, encoder_hash)
        if record is not None:
            amid = "" if others is None else surroundings(record, list_shots(database), others)
            mark_kept(database, record.shot.shot_id, amid)


def surroundings(record: ShotRecord, records: Sequence[ShotRecord], others: str) -> str:
    """A digest of what stands around a shot; the same answers give the same one, whatever the ids of their rows."""
    owner, shot = owner_of(record.shot), record.shot
    near = [
        (likeness, other)
        for other in records
        if other.shot.encoder_hash == shot.encoder_hash
        and not other.is_held
        and other.shot.shot_id != shot.shot_id
        and owner_of(other.shot) in (owner, HOUSEHOLD)
        and (likeness := _likeness(shot, other.shot)) is not None
    ]
    nearest = sorted(near, key=lambda found: (-found[0], place_of(found[1])))[:NUM_NEIGHBOURS]
    named = sorted((*place_of(other), _answer(other)) for _, other in nearest)
    return hashlib.sha256(repr((others, _answer(record), named)).encode()).hexdigest()


def _answer(record: ShotRecord) -> tuple[float, ...]:
    return tuple(round(float(share), 3) for share in record.shot.label)


def _likeness(one: Shot, other: Shot) -> float | None:
    """Smallest cosine over the modalities that both have; None where they share none."""
    shared = one.keys.keys() & other.keys.keys()
    return min(float(np.dot(one.keys[modality], other.keys[modality])) for modality in shared) if shared else None
