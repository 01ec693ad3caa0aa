"""The answers that may be mistakes, as clips to look at again: each with what was said of it and what the other clips say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import StoreError
from emoasst_core.review.clip_answers import ClipQuestion, keep_answer, question
from emoasst_core.review.kept_doubts import keep_amid
from emoasst_core.store.clips import Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session
from emoasst_core.store.shots import ShotRecord, list_shots

REASON: Final = "check"


@dataclass(frozen=True, slots=True)
class DoubtfulClip:
    """One of them.

    Attributes:
        record: its session.
        question: the clip, with what each adult said.
        said: the newest answer; another answer of the same adult replaces it.
        others: the emotion that the other clips speak for; "" where that is not known.
        encoder_hash: of the shot that is doubted.
    """

    record: SessionRecord
    question: ClipQuestion
    said: ClipAnswer
    others: str = ""
    encoder_hash: str = ""


def spoken_for(classifier: EmbeddingClassifier) -> dict[int, str]:
    """{id of a shot that may be a mistake: the likeliest other emotion by the clips that are left without it}."""
    doubtful, memory = set(classifier.doubtful_shots()), classifier.classifier.memory
    found: dict[int, str] = {}
    for person in memory.people() if memory is not None and doubtful else ():
        for shot, probs in classifier.left_out_readings(person):
            if shot.shot_id in doubtful:
                given = int(shot.label.argmax())
                found[shot.shot_id] = EMOTIONS[int(np.where(np.arange(len(EMOTIONS)) == given, -1.0, probs).argmax())]
    return found


def doubtful_clips(database: Database, others: Mapping[int, str]) -> tuple[DoubtfulClip, ...]:
    """The clips of some shots, those of one session after each other. Shots whose session was deleted are left out.

    An answer given on the timeline has no clip yet: it gets one, with that answer, so that it can be changed and taken back
    like any other.

    Args:
        others: as `spoken_for` gives.
    """
    wanted = [record for record in list_shots(database) if record.shot.shot_id in others and record.session_id]
    found: list[DoubtfulClip] = []
    for session_id in dict.fromkeys(record.session_id for record in wanted):
        try:
            session = get_session(database, session_id)
        except StoreError:
            continue
        for record in wanted:
            if record.session_id == session_id and (clip := _clip_of(database, session, record)) is not None:
                said = Clips(database).answers([clip.clip_id])[clip.clip_id]
                asked = question(session, clip, said)
                named = {*asked.likeliest, said[-1].answer, others[record.shot.shot_id]}
                asked = replace(asked, likeliest=tuple(name for name in EMOTIONS if name in named))
                found.append(DoubtfulClip(session, asked, said[-1], others[record.shot.shot_id], record.shot.encoder_hash))
    return tuple(found)


def keep_second_look(database: Database, doubtful: DoubtfulClip, said: ClipAnswer, sitting: str = "") -> None:
    """Keep what an adult says on looking again; the same answer once more is not doubted while nothing around it changes.

    Args:
        said: `doubtful.said` itself takes the second look back.
        sitting: as `keep_answer`.

    Raises:
        EmoAsstError: as `keep_answer`.
    """
    clip = doubtful.question.clip
    is_kept = said is not doubtful.said and said.answer == doubtful.said.answer
    with database.writing():
        keep_answer(database, clip, doubtful.said.labeller, said, sitting)
        place = (clip.session_id, clip.utterance_number)
        keep_amid(database, place, doubtful.encoder_hash, doubtful.others if is_kept else None)


def _clip_of(database: Database, session: SessionRecord, record: ShotRecord) -> Clip | None:
    rows = [row for row in session.utterances if row.number == record.utterance_number]
    if not rows or not record.answers:
        return None
    row, store = rows[0], Clips(database)
    with database.writing():
        wanted = Clip(session.session_id, row.number, row.start_s, row.end_s, row.person, REASON, is_shown=False)
        clip = next(one for one in store.add([wanted]) if one.utterance_number == row.number)
        if not store.answers([clip.clip_id]):
            given = [*(name for name in record.answers if name != record.labeller), record.labeller]
            for labeller in given:
                store.answer(ClipAnswer(clip.clip_id, labeller, record.answers[labeller], record.shot.is_sure, record.told_by))
    return clip
