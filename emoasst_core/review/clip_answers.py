"""Answers to clips: what each adult said stays apart, and the cache learns from all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.relabel import place_of, relabel, undo_last_change, withdraw
from emoasst_core.store.clips import CANT_TELL, SOMETHING_ELSE, Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session, set_label
from emoasst_core.store.shots import CacheVersion, list_shots
from emoasst_core.store.utterances import UtteranceRow

UNSURE_WEIGHT = 0.5  # of an answer that its giver was not sure of, beside one that was
NUM_LIKELIEST = 3
CONTEXT_UTTERANCES = 2  # said before and after
TEACHES_NOTHING = (CANT_TELL, SOMETHING_ELSE)
SECONDS_PER_CLIP = 20  # two times through and a moment to think: 8 clips are under 3 minutes


@dataclass(frozen=True, slots=True)
class ClipQuestion:
    """One clip with what is needed to ask about it.

    Attributes:
        utterance: what is asked about; its guess stays hidden until the answer is given.
        likeliest: the emotions offered first, in class order; all seven where nothing could be read.
        before, after: what was said around it.
        answers: what adults have said so far.
    """

    clip: Clip
    utterance: UtteranceRow
    likeliest: tuple[str, ...]
    before: tuple[UtteranceRow, ...] = ()
    after: tuple[UtteranceRow, ...] = ()
    answers: tuple[ClipAnswer, ...] = ()


def questions(database: Database, session_id: str, labeller: str = "") -> tuple[SessionRecord, tuple[ClipQuestion, ...]]:
    """The session and its clips that wait for an answer (with a name: of that adult), in time order.

    Raises:
        StoreError: there is no such session.
    """
    record = get_session(database, session_id)
    store = Clips(database)
    pending = store.pending(session_id, labeller)
    answers = store.answers([clip.clip_id for clip in pending])
    return record, tuple(question(record, clip, answers.get(clip.clip_id, ())) for clip in pending)


def question(record: SessionRecord, clip: Clip, answers: Sequence[ClipAnswer] = ()) -> ClipQuestion:
    """What is asked about one clip of a session."""
    place = next(place for place, row in enumerate(record.utterances) if row.number == clip.utterance_number)
    row = record.utterances[place]
    spoken = [other for other in record.utterances if other.text.strip() and other is not row]
    before = tuple(other for other in spoken if other.number < row.number)[-CONTEXT_UTTERANCES:]
    after = tuple(other for other in spoken if other.number > row.number)[:CONTEXT_UTTERANCES]
    return ClipQuestion(clip, row, likeliest_of(row.probs), before, after, tuple(answers))


def likeliest_of(probs: Mapping[str, float]) -> tuple[str, ...]:
    """The three likeliest emotions, in class order so that their order tells nothing.

    >>> likeliest_of({"neutral": 0.1, "joy": 0.2, "sadness": 0.6, "anger": 0.1})
    ('neutral', 'joy', 'sadness')
    """
    if not probs:
        return EMOTIONS
    first = sorted(probs, key=lambda name: (-probs[name], EMOTIONS.index(name)))[:NUM_LIKELIEST]
    return tuple(name for name in EMOTIONS if name in first)


def minutes_for(num_clips: int) -> int:
    """How long answering takes, in whole minutes, at least one.

    >>> minutes_for(8), minutes_for(1)
    (3, 1)
    """
    return max(1, round(num_clips * SECONDS_PER_CLIP / 60))


def keep_answer(database: Database, clip: Clip, labeller: str, answer: ClipAnswer | None, sitting: str = "") -> None:
    """Keep one adult's answer to a clip, or take it back; the cache follows, both or neither.

    Where adults differ, the shot carries each answer by its share, an unsure one at half weight. "Can't tell" and
    "something else" are kept but never enter the cache.

    Args:
        answer: None takes the adult's answer back.
        sitting: answers of one sitting make one version of the cache.

    Raises:
        EmoAsstError: the clip is gone, or the database cannot be written.
    """
    with database.writing():
        store = Clips(database)
        if answer is None:
            store.take_back(clip.clip_id, labeller)
        else:
            store.answer(answer)
        said = store.answers([clip.clip_id]).get(clip.clip_id, ())
        shares = shares_of(said)
        if answer is None or answer.answer in TEACHES_NOTHING:
            place = (clip.session_id, clip.utterance_number)
            shots = (record.shot for record in list_shots(database) if place_of(record) == place)
            if (shot := next(shots, None)) is not None:
                withdraw(database, shot.shot_id, labeller, sitting=sitting)
        if shares:
            _learn(database, clip, said, shares, sitting)
        elif said:
            set_label(database, clip.session_id, clip.utterance_number, said[-1].answer, said[-1].labeller)


def take_last_change_back(database: Database) -> CacheVersion:
    """Bring back the cache as it was before the last change; clips whose answers made that change wait again.

    Returns:
        The version that is in force now.

    Raises:
        CacheError: no earlier version is kept.
    """
    with database.writing():
        before = {(record.session_id, record.utterance_number) for record in list_shots(database)}
        version = undo_last_change(database)
        gone = before - {(record.session_id, record.utterance_number) for record in list_shots(database)}
        store = Clips(database)
        for session_id in {session_id for session_id, _ in gone}:
            clips = [clip for clip in store.all(session_id) if (session_id, clip.utterance_number) in gone]
            for clip_id, answers in store.answers([clip.clip_id for clip in clips]).items():
                for said in answers:
                    store.take_back(clip_id, said.labeller)
    return version


def shares_of(answers: Sequence[ClipAnswer]) -> dict[str, float]:
    """{emotion: share of the answers}, in class order, summing to 1; empty where nobody named an emotion.

    >>> shares_of([ClipAnswer(1, "Anna", "joy"), ClipAnswer(1, "Ben", "fear", is_sure=False)])
    {'joy': 0.6666666666666666, 'fear': 0.3333333333333333}
    """
    weights: dict[str, float] = {}
    for said in answers:
        if said.answer not in TEACHES_NOTHING:
            weights[said.answer] = weights.get(said.answer, 0.0) + (1.0 if said.is_sure else UNSURE_WEIGHT)
    total = sum(weights.values())
    return {name: weights[name] / total for name in EMOTIONS if name in weights}


def _learn(database: Database, clip: Clip, said: Sequence[ClipAnswer], shares: Mapping[str, float], sitting: str) -> None:
    newest = [one for one in said if one.answer in shares][-1]
    relabel(
        database,
        clip.session_id,
        clip.utterance_number,
        newest.answer,
        newest.labeller,
        is_sure=all(one.is_sure for one in said if one.answer in shares),
        told_by=newest.told_by,
        shares=shares,
        sitting=sitting,
    )
