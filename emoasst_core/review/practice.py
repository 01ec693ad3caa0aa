"""Clips to practise with: the family's own, answered, of people who agreed; nobody's guess is kept unless an adult wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.clip_answers import NUM_LIKELIEST, shares_of
from emoasst_core.review.clip_collection import consent_of
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.playback_source import Source
from emoasst_core.store.clips import Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import SessionRecord, get_session

LEAST_SHARE = 2 / 3  # of the adults' answers that must agree
NUM_CLIPS = 6  # of one round


@dataclass(frozen=True, slots=True)
class PracticeClip:
    """One clip to guess.

    Attributes:
        name: who is seen; "" where the person is not known by name.
        answer: what the family said.
        choices: the answer and two others, in class order.
        media: what to play.
        duration_s: of the session.
    """

    clip: Clip
    name: str
    answer: str
    choices: tuple[str, ...]
    media: Source
    duration_s: float


def practice_clips(database: Database, seed: int | None = None, num_clips: int = NUM_CLIPS) -> tuple[PracticeClip, ...]:
    """A round of clips in a new order, feelings taken in turn so that no round is all of one.

    Only clips whose adults agreed and were sure, of people whose agreement to clips still holds, that can still be played.
    """
    rng = np.random.default_rng(seed)
    clips = Clips(database).answered()
    answers = Clips(database).answers([clip.clip_id for clip in clips])
    names = People(database).names()
    records: dict[str, SessionRecord] = {}
    by_answer: dict[str, list[PracticeClip]] = {}
    for place in rng.permutation(len(clips)):
        clip = clips[int(place)]
        answer = agreed_answer(answers[clip.clip_id])
        record = records.setdefault(clip.session_id, get_session(database, clip.session_id))
        media = media_of(database, record)
        if answer is None or media is None or not consent_of(database, record)(clip.person):
            continue
        made = PracticeClip(clip, names.get(clip.person, ""), answer, _choices(record, clip, answer), media, record.duration_s)
        by_answer.setdefault(answer, []).append(made)
    chosen: list[PracticeClip] = []
    while len(chosen) < num_clips and any(by_answer.values()):
        for waiting in by_answer.values():
            if waiting and len(chosen) < num_clips:
                chosen.append(waiting.pop())
    return tuple(chosen[int(place)] for place in rng.permutation(len(chosen)))


def agreed_answer(answers: Sequence[ClipAnswer]) -> str | None:
    """The emotion that at least two thirds of the adults named, all of them sure; else None."""
    if not all(said.is_sure for said in answers):
        return None
    shares = shares_of(answers)
    best = max(shares, key=lambda name: shares[name], default=None)
    return best if best is not None and shares[best] >= LEAST_SHARE and len(answers) * shares[best] >= 1 else None


def _choices(record: SessionRecord, clip: Clip, answer: str) -> tuple[str, ...]:
    """The answer and the two others the program found likeliest: near enough to be worth a thought."""
    row = next(row for row in record.utterances if row.number == clip.utterance_number)
    others = sorted((name for name in EMOTIONS if name != answer), key=lambda name: -row.probs.get(name, 0.0))
    return tuple(name for name in EMOTIONS if name in (answer, *others[: NUM_LIKELIEST - 1]))
