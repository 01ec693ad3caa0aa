"""Answers read back from another program: each goes to the utterance it lies on, as a correction like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.review.lanes import ANSWER_WORDS, Annotation
from emoasst_core.review.relabel import PARENT, relabel
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, set_label
from emoasst_core.store.utterances import UtteranceRow

LEAST_OVERLAP = 0.5  # of the shorter of the two


@dataclass(frozen=True, slots=True)
class ImportedAnswers:
    """What became of the answers of a file; `unmatched` are in words, for a person to look at."""

    num_new: int
    num_same: int
    unmatched: tuple[str, ...]


def import_answers(
    database: Database, session_id: str, annotations: Sequence[Annotation], labeller: str = PARENT
) -> ImportedAnswers:
    """Keep each answer that names an emotion (or "can't tell") and lies on an utterance; all of them or, on an error, none.

    Raises:
        StoreError: there is no such session, or the database cannot be written.
    """
    num_new = num_same = 0
    unmatched: list[str] = []
    with database.writing():
        rows = get_session(database, session_id).utterances
        for one in annotations:
            row, answer = _utterance_under(one, rows), answer_named(one.text)
            if row is None or answer is None or (answer in EMOTIONS and not row.embeddings):
                unmatched.append(f"{one.start_s:.1f} to {one.end_s:.1f} s: {one.text}")
            elif row.label == answer:
                num_same += 1
            else:
                num_new += 1
                if answer in EMOTIONS:
                    relabel(database, session_id, row.number, answer, labeller, sitting=f"read back for {session_id}")
                else:
                    set_label(database, session_id, row.number, answer, labeller)
    return ImportedAnswers(num_new, num_same, tuple(unmatched))


def answer_named(text: str) -> str | None:
    """The emotion or answer that a text names, by its name, its plain word or a common spelling; None for anything else.

    >>> answer_named("Happy"), answer_named("can't tell"), answer_named("a meal")
    ('joy', 'cant_tell', None)
    """
    wanted = text.strip().casefold().replace("’", "'")
    words = Catalogue.load()
    for name in EMOTIONS:
        if wanted == words.word(name).casefold():
            return name
    for answer, said in ANSWER_WORDS.items():
        if wanted in (said, answer):
            return answer
    try:
        return EMOTIONS[emotion_index(wanted)]
    except KeyError:
        return None


def _utterance_under(one: Annotation, rows: Sequence[UtteranceRow]) -> UtteranceRow | None:
    """The utterance with the largest overlap, if that is at least half of the shorter."""

    def overlap_s(row: UtteranceRow) -> float:
        return min(row.end_s, one.end_s) - max(row.start_s, one.start_s)

    best = max(rows, key=overlap_s, default=None)
    if best is None or overlap_s(best) < LEAST_OVERLAP * min(best.end_s - best.start_s, one.end_s - one.start_s):
        return None
    return best
