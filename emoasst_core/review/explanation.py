"""Why a part of a session was read as it was, for the adult who asks: which answers spoke for it, and how far they were used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from emoasst_core.datatypes import CueState
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import EmoAsstError
from emoasst_core.profile import encoder_hash, read_profile, resolve_profile
from emoasst_core.review.clip_collection import consent_of
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.playback_source import Source
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import SessionRecord, get_session, get_utterance
from emoasst_core.store.shots import ShotRecord, list_shots
from emoasst_core.store.utterances import UtteranceRow

NUM_NAMED: Final = 5  # clips that are named
LITTLE, HALF = 0.15, 0.5  # shares up to which answers were used "a little", "in part"
ALIKE, FAR = 0.5, 1.0  # distances up to which a person is "much like" and "a little unlike" the people the model learned from
OTHER_MODEL: Final = "This session was read by another model, so the reasons cannot be found any more."
NOTHING_READ: Final = "Nothing was seen, heard or read here, so there is nothing to explain."


@dataclass(frozen=True, slots=True)
class HeardClip:
    """An answered clip that spoke for a reading.

    Attributes:
        emotion: what the family answered.
        weight: its part of all that was heard, from 0 to 1.
        name: who is seen; "" where nobody knows.
        began_at: when its session began.
        text: what was said in it.
        media: what to play of it; None where nothing was kept, or somebody took their agreement back.
        duration_s: of its session, 0 where that is gone.
    """

    shot_id: int
    emotion: str
    weight: float
    name: str = ""
    session_id: str = ""
    start_s: float = 0.0
    end_s: float = 0.0
    began_at: datetime | None = None
    text: str = ""
    media: Source | None = None
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PartExplanation:
    """Why one part was read as it was.

    Attributes:
        row: the part, with its reading.
        name: who is seen; "" where nobody is known.
        emotion: what it was read as, or leant to where the program was not sure; None where nothing was read.
        share, offset: as `classifier.explanation.Explanation`.
        alone: what the model by itself would have read.
        spoke_for: weight of all answers for `emotion`, beside those for others, from 0 to 1.
        clips: those that spoke for it, the loudest first, at most `NUM_NAMED`.
        fault: why nothing can be explained; "" where something can.
    """

    row: UtteranceRow
    name: str = ""
    emotion: str | None = None
    share: float = 0.0
    offset: float = 0.0
    alone: str | None = None
    spoke_for: float = 0.0
    clips: tuple[HeardClip, ...] = ()
    fault: str = ""

    def sentences(self, word: Callable[[str], str]) -> tuple[str, ...]:
        """The same in plain words.

        Args:
            word: the plain name of an emotion.
        """
        if self.emotion is None:
            return (self.fault,)
        is_sure = self.row.state in (CueState.CLEAR, CueState.MAYBE)
        reading = f"This part was read as {word(self.emotion).lower()}."
        told = [reading if is_sure else f"The program was not sure. It thought most of {word(self.emotion).lower()}."]
        told.append(_share_words(self.share))
        if self.share > 0 and self.alone is not None:
            same = self.alone == self.emotion
            told.append(f"Without them it would have read {'the same' if same else word(self.alone).lower()}.")
        if self.offset > 0:
            told.append(_offset_words(self.offset, self.name or "This person"))
        if self.clips:
            told.append("These of your answers spoke for it most:")
        else:
            told.append("None of your answers spoke for it.")
        return tuple(told)


def explain_part(
    database: Database, session_id: str, number: int, mode: str = "", classifier: EmbeddingClassifier | None = None
) -> PartExplanation:
    """Why one part of a session was read as it was, by the answers that were there when the session began.

    Args:
        mode: of the memory, "personal" or "paper"; "" for what the model's profile says.
        classifier: of the session's model where it is open already; None opens it.

    Raises:
        StoreError: there is no such session or part.
    """
    record = get_session(database, session_id)
    row = get_utterance(database, session_id, number)
    name = People(database).names().get(row.person, "")
    classifier = classifier or _classifier_of(record)
    if classifier is None or classifier.encoder_hash != record.encoder_hash:
        return PartExplanation(row, name, fault=OTHER_MODEL)
    if not row.probs or not any(classifier.reliabilities.get(modality, 0.0) > 0 for modality in row.embeddings):
        return PartExplanation(row, name, fault=NOTHING_READ)
    known = {shot.shot.shot_id: shot for shot in list_shots(database) if _counted(shot, record)}
    classifier.use_shots([shot.shot for shot in known.values()], mode)
    emotion = row.emotion or max(row.probs, key=lambda one: row.probs[one])
    why = classifier.explain(row.embeddings, row.person)
    alone = EMOTIONS[int(classifier.classify_alone(row.embeddings).argmax())]
    agreeing = [(known[shot_id], weight) for shot_id, weight in why.votes if answer_of(known[shot_id]) == emotion]
    clips = tuple(_heard(database, shot, weight) for shot, weight in agreeing[:NUM_NAMED])
    spoke_for = sum(weight for _, weight in agreeing)
    return PartExplanation(row, name, emotion, why.share, why.offset, alone, spoke_for, clips)


def answer_of(record: ShotRecord) -> str:
    """The emotion that most of those who answered a clip named."""
    return EMOTIONS[int(record.shot.label.argmax())]


def _counted(shot: ShotRecord, record: SessionRecord) -> bool:
    """Whether an answer was there when the session began; what was answered since had no part in it."""
    return shot.shot.encoder_hash == record.encoder_hash and not shot.is_held and shot.created_at <= record.started_at


def _classifier_of(record: SessionRecord) -> EmbeddingClassifier | None:
    try:
        folder = resolve_profile(record.profile)
        is_same = encoder_hash(folder, read_profile(folder)) == record.encoder_hash
        return EmbeddingClassifier.open(record.profile) if is_same else None
    except EmoAsstError:
        return None


def _heard(database: Database, shot: ShotRecord, weight: float) -> HeardClip:
    """The clip with what was kept of it; its session may be gone, its answer is still heard."""
    names = People(database).names()
    clip = HeardClip(shot.shot.shot_id, answer_of(shot), weight, names.get(shot.shot.person, ""), shot.session_id)
    try:
        record = get_session(database, shot.session_id)
        row = get_utterance(database, shot.session_id, shot.utterance_number)
    except EmoAsstError:
        return clip
    media = media_of(database, record) if consent_of(database, record)(row.person) else None
    return replace(
        clip, start_s=row.start_s, end_s=row.end_s, began_at=record.started_at, text=row.text, media=media,
        duration_s=record.duration_s,
    )  # fmt: skip


def _share_words(share: float) -> str:
    if share < 0.005:
        return "Your family’s answers were not used here."
    parts = f"about {max(1, round(10 * share))} of 10 parts"
    how = "a little" if share < LITTLE else "in part" if share < HALF else "a lot"
    return f"Your family’s answers were used {how}: {parts}."


def _offset_words(offset: float, name: str) -> str:
    if offset < ALIKE:
        return f"{name} looks and sounds much like the people the program learned from."
    how = "a little" if offset < FAR else "quite"
    return f"{name} looks and sounds {how} unlike the people the program learned from, and it allows for that."
