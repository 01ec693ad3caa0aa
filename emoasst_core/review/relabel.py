"""Correcting the model: an adult's answer becomes a label beside the guess and a shot in the cache, both or neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from emoasst_core.datatypes import Shot, Vector
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS, emotion_index
from emoasst_core.errors import CacheError
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import find_session, get_utterance, set_label
from emoasst_core.store.shots import (
    CacheVersion,
    ShotRecord,
    add_shot,
    find_record,
    get_record,
    list_shots,
    remove_shot,
    rollback,
    twins_of,
)

PARENT = "parent"
EVENT_S: Final = 20.0  # clips within it are one event: the picker, too, keeps its clips this far apart


def relabel(
    database: Database,
    session_id: str,
    utterance_number: int,
    emotion: str,
    labeller: str = PARENT,
    encoder_hash: str | None = None,
    *,
    is_sure: bool = True,
    told_by: str = "",
    shares: Mapping[str, float] | None = None,
    sitting: str = "",
) -> Shot:
    """Say what somebody felt in one utterance; the next analysis compares with it. What the model said is kept.

    Args:
        emotion: one of the seven, or a common spelling of it.
        labeller: who answers. Another answer of theirs replaces the first; an answer of somebody else stands beside it, and the
            shot gets a soft label.
        encoder_hash: of the model in use; a session made with another one is refused. None accepts any.
        is_sure: False where they hesitated; the answer then counts for less where it disagrees with the others.
        told_by: what told them (face, voice, words, situation).
        shares: {emotion: share} to keep instead of equal shares of all who answered.
        sitting: answers of one sitting make one version of the cache; "" for a version by itself.

    Returns:
        The shot as it lies in the cache; it replaces an earlier answer for the same utterance.

    Raises:
        StoreError: there is no such session or utterance; the message names those there are.
        CacheError: unknown emotion, another model, or an utterance of which nothing was seen, heard or read.
    """
    name = known_emotion(emotion)
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
        present = find_record(database, session_id, utterance_number, session.encoder_hash)
        answers = {**(present.answers if present else {}), labeller: name}
        shot = Shot(
            label=soft_label(shares or equal_shares(answers)),
            keys=utterance.embeddings,
            encoder_hash=session.encoder_hash,
            person=utterance.person,
            event=f"{session_id}/{int(utterance.start_s // EVENT_S)}",
            is_sure=is_sure,
        )
        if (utterance.label, utterance.labeller) != (name, labeller):
            set_label(database, session_id, utterance_number, name, labeller)
        return _add(database, shot, (session_id, utterance_number), labeller, answers, told_by, sitting)


def _add(
    database: Database,
    shot: Shot,
    place: tuple[str, int],
    labeller: str,
    answers: Mapping[str, str],
    told_by: str,
    sitting: str,
) -> Shot:
    """Put the answer in the cache; what other models made of the clip carries the same one, and all of it is one change."""
    twins = twins_of(database, *place, shot.encoder_hash)
    sitting = sitting or (f"answered {place[0]} {place[1]}" if twins else "")
    for twin in twins:
        same = replace(shot, keys=twin.shot.keys, encoder_hash=twin.shot.encoder_hash)
        add_shot(database, same, *place, labeller, answers=answers, told_by=told_by, sitting=sitting)
    return add_shot(database, shot, *place, labeller, answers=answers, told_by=told_by, sitting=sitting)


def withdraw(database: Database, shot_id: int, labeller: str | None = None, *, sitting: str = "") -> ShotRecord:
    """Take a correction back: the shot leaves the cache, with what other models made of it, and its label the utterance.

    Args:
        labeller: take back only this person's answer; what others answered stays. None takes all of it back.
        sitting: as `relabel`.

    Returns:
        What was removed.

    Raises:
        CacheError: no such shot is in the cache.
    """
    with database.writing():
        found = get_record(database, shot_id)
        twins = twins_of(database, *place_of(found), found.shot.encoder_hash) if found else []
        sitting = sitting or (f"withdrawn {shot_id}" if labeller is not None or twins else "")  # out and in are one change
        record = remove_shot(database, shot_id, sitting=sitting)
        for twin in twins:
            remove_shot(database, twin.shot.shot_id, sitting=sitting)
        others = {who: name for who, name in record.answers.items() if who != labeller} if labeller is not None else {}
        if not others:
            set_label(database, record.session_id, record.utterance_number, None)
            return record
        who, name = list(others.items())[-1]
        set_label(database, *place_of(record), name, who)
        for each in (*twins, record):
            shot = replace(each.shot, label=soft_label(equal_shares(others)), shot_id=0)
            add_shot(database, shot, *place_of(record), who, answers=others, sitting=sitting)
    return record


def place_of(record: ShotRecord) -> tuple[str, int]:
    """Session and utterance that a shot answers for."""
    return record.session_id, record.utterance_number


def answer_without_emotion(
    database: Database, session_id: str, utterance_number: int, answer: str | None, labeller: str = PARENT
) -> None:
    """Keep an answer that names no emotion ("can't tell", "something else"), or take the answer back (None).

    It is a label beside the guess; it never enters the cache, and an earlier shot of the utterance leaves it.

    Raises:
        StoreError: there is no such session or utterance.
    """
    with database.writing():
        session = find_session(database, session_id)
        get_utterance(database, session_id, utterance_number)
        record = find_record(database, session_id, utterance_number, session.encoder_hash)
        if record is not None:
            withdraw(database, record.shot.shot_id)
        set_label(database, session_id, utterance_number, answer, labeller if answer else "")


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
        answered = {place_of(record) for record in after.values()}
        for shot_id in before.keys() - after.keys():
            if place_of(before[shot_id]) not in answered:  # else only what another model made of the clip is gone
                set_label(database, *place_of(before[shot_id]), None)
        for shot_id in after.keys() - before.keys():
            record = after[shot_id]
            label = record.answers.get(record.labeller, EMOTIONS[int(record.shot.label.argmax())])
            set_label(database, record.session_id, record.utterance_number, label, record.labeller)
    return version


def known_emotion(emotion: str) -> str:
    """The emotion's own name.

    Raises:
        CacheError: it is none of the seven.
    """
    try:
        return EMOTIONS[emotion_index(emotion)]
    except KeyError as error:
        raise CacheError(f"Unknown emotion {emotion!r}.", f"Known: {', '.join(EMOTIONS)}.") from error


def equal_shares(answers: Mapping[str, str]) -> dict[str, float]:
    """{emotion: share} of what several people answered.

    >>> equal_shares({"mother": "joy", "father": "surprise"})
    {'joy': 0.5, 'surprise': 0.5}
    """
    shares: dict[str, float] = {}
    for emotion in answers.values():
        shares[emotion] = shares.get(emotion, 0.0) + 1 / len(answers)
    return shares


def soft_label(shares: Mapping[str, float]) -> Vector:
    """(num_emotions,) label, sums to 1.

    Raises:
        CacheError: an unknown emotion, a negative share, or shares that sum to nothing.
    """
    label = np.zeros(NUM_EMOTIONS)
    for emotion, share in shares.items():
        label[emotion_index(known_emotion(emotion))] += share
    if not np.all(label >= 0) or not 0 < label.sum() < np.inf:
        raise CacheError(f"These shares are no label: {dict(shares)}.", "Give shares of 0 or more.")
    return np.asarray(label / label.sum(), np.float32)
