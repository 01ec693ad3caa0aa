"""The utterances of a session as rows and back, embeddings included, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from emoasst_core.datatypes import CueState, Modality, Vector
from emoasst_core.store.columns import (
    Row,
    blob_from_vector,
    member,
    now_text,
    probs_from_text,
    text_from_probs,
    vectors_by_owner,
)
from emoasst_core.store.database import Database


@dataclass(frozen=True, slots=True)
class UtteranceRow:
    """One utterance or window as it was classified.

    Attributes:
        emotion, state, probs: the model's reading; `probs` is {emotion: probability}, empty where nothing could be read.
        embeddings: {modality: (embed_dim,) unit float32}; an absent modality has no entry.
        label, labeller: an adult's answer and who gave it; None and "" until somebody does.
    """

    number: int
    start_s: float
    end_s: float
    is_speech: bool
    person: str
    text: str
    emotion: str | None
    state: CueState
    probs: Mapping[str, float] = field(default_factory=dict)
    embeddings: Mapping[Modality, Vector] = field(default_factory=dict)
    label: str | None = None
    labeller: str = ""


@dataclass(frozen=True, slots=True)
class AnsweredReading:
    """What the model had read of one utterance, and what an adult said of it."""

    person: str
    state: CueState
    emotion: str | None
    label: str


def insert_utterances(database: Database, session_key: int, utterances: Iterable[UtteranceRow]) -> None:
    """Write the utterances of one session; call it inside `database.writing()`."""
    for row in utterances:
        database.execute(
            """INSERT INTO utterances (session_key, number, start_s, end_s, is_speech, person, text, emotion, state, probs,
                                       label, labeller, labelled_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                session_key,
                row.number,
                float(row.start_s),
                float(row.end_s),
                int(row.is_speech),
                row.person,
                row.text,
                row.emotion,
                row.state.value,
                text_from_probs(row.probs),
                row.label,
                row.labeller,
                now_text() if row.label else None,
            ),
        )
        database.execute_many(
            "INSERT INTO utterance_embeddings (session_key, number, modality, vector) VALUES (?, ?, ?, ?)",
            ((session_key, row.number, modality.value, blob_from_vector(vector)) for modality, vector in row.embeddings.items()),
        )


def read_utterances(database: Database, session_key: int, number: int | None = None) -> tuple[UtteranceRow, ...]:
    """The utterances of one session in order, or the one of that number if there is one."""
    which, parameters = "session_key = ?", [session_key]
    if number is not None:
        which, parameters = "session_key = ? AND number = ?", [session_key, number]
    rows = database.rows(f"SELECT * FROM utterances WHERE {which} ORDER BY number", parameters)
    vectors = database.rows(f"SELECT * FROM utterance_embeddings WHERE {which} ORDER BY rowid", parameters)
    embeddings = vectors_by_owner(vectors, "number")
    return tuple(_utterance(row, embeddings.get(row["number"], {})) for row in rows)


def answered_readings(database: Database) -> list[AnsweredReading]:
    """Every utterance of every session that somebody answered, oldest session first."""
    rows = database.rows(
        "SELECT person, state, emotion, label FROM utterances WHERE label IS NOT NULL ORDER BY session_key, number"
    )
    return [AnsweredReading(row["person"], member(CueState, row["state"]), row["emotion"], row["label"]) for row in rows]


def _utterance(row: Row, embeddings: Mapping[Modality, Vector]) -> UtteranceRow:
    return UtteranceRow(
        number=row["number"],
        start_s=row["start_s"],
        end_s=row["end_s"],
        is_speech=bool(row["is_speech"]),
        person=row["person"],
        text=row["text"],
        emotion=row["emotion"],
        state=member(CueState, row["state"]),
        probs=probs_from_text(row["probs"]),
        embeddings=embeddings,
        label=row["label"],
        labeller=row["labeller"],
    )
