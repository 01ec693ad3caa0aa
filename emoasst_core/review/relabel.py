"""Correcting the model: an adult's answer becomes a label beside the guess and a shot in the cache, both or neither."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from emoasst_core.datatypes import Shot, Vector
from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.errors import CacheError
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import find_session, get_utterance, set_label
from emoasst_core.store.shots import CacheVersion, ShotRecord, add_shot, list_shots, remove_shot, rollback

PARENT = "parent"


def relabel(
    database: Database,
    session_id: str,
    utterance_number: int,
    emotion: str,
    labeller: str = PARENT,
    encoder_hash: str | None = None,
    shares: Mapping[str, float] | None = None,
) -> Shot:
    """Say what somebody felt in one utterance; the next analysis compares with it. What the model said is kept.

    Args:
        emotion: one of the seven, or a common spelling of it.
        encoder_hash: of the model in use; a session made with another one is refused. None accepts any.
        shares: {emotion: share}, summing to 1, where adults differ: what the shot carries instead of `emotion` alone.

    Returns:
        The shot as it lies in the cache; it replaces an earlier answer for the same utterance.

    Raises:
        StoreError: there is no such session or utterance; the message names those there are.
        CacheError: unknown emotion, another model, or an utterance of which nothing was seen, heard or read.
    """
    try:
        index = emotion_index(emotion)
    except KeyError as error:
        raise CacheError(f"Unknown emotion {emotion!r}.", f"Known: {', '.join(EMOTIONS)}.") from error
    with database.writing():
        session = find_session(database, session_id)
        if encoder_hash is not None and session.encoder_hash != encoder_hash:
            raise CacheError(
                f"Session {session_id} was made with another model ({session.encoder_hash[:12]}, in use: {encoder_hash[:12]}).",
                "Analyse the recording again, then correct the new session.",
            )
        utterance = get_utterance(database, session_id, utterance_number)
        if not utterance.embeddings:
            raise CacheError(
                f"Nothing was seen, heard or read in utterance {utterance_number} of session {session_id}, "
                "so there is nothing to learn from it.",
                "Choose an utterance with a face, a voice or words.",
            )
        shot = Shot(
            label=_label(index, shares),
            keys=utterance.embeddings,
            encoder_hash=session.encoder_hash,
            person=utterance.person,
        )
        set_label(database, session_id, utterance_number, EMOTIONS[index], labeller)
        return add_shot(database, shot, session_id, utterance_number, labeller)


def _label(index: int, shares: Mapping[str, float] | None) -> Vector:
    """(num_emotions,) soft label: all on one emotion, or shared among several."""
    given = {EMOTIONS[index]: 1.0} if shares is None else shares
    return np.array([given.get(name, 0.0) for name in EMOTIONS], dtype=np.float32)


def withdraw(database: Database, shot_id: int) -> ShotRecord:
    """Take a correction back: the shot leaves the cache and its label leaves the utterance.

    Returns:
        What was removed.

    Raises:
        CacheError: no such shot is in the cache.
    """
    with database.writing():
        record = remove_shot(database, shot_id)
        set_label(database, record.session_id, record.utterance_number, None)
    return record


def undo_last_change(database: Database) -> CacheVersion:
    """Bring back the cache as it was before the last change, and the labels that belong to it.

    Returns:
        The version that is in force now.

    Raises:
        CacheError: no earlier version is kept.
    """
    with database.writing():
        before = {record.shot.shot_id: record for record in list_shots(database)}
        version = rollback(database)
        after = {record.shot.shot_id: record for record in list_shots(database)}
        for shot_id in before.keys() - after.keys():
            set_label(database, before[shot_id].session_id, before[shot_id].utterance_number, None)
        for shot_id in after.keys() - before.keys():
            record = after[shot_id]
            label = EMOTIONS[int(record.shot.label.argmax())]
            set_label(database, record.session_id, record.utterance_number, label, record.labeller)
    return version
