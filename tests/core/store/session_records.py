"""Sessions built from a seed: the same seed gives the same session, so a test can say what must come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from emoasst_core.datatypes import CueState, Modality, Source, Timeline, TimelineSpan, Vector, Word
from emoasst_core.emotions import EMOTIONS
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, save_session

TEXTS = ("", "good morning", "naïve café ☕", "line\nbreak\ttab", "'; DROP TABLE words; --", "日本語", "\u202eright to left")


def unit_vector(rng: np.random.Generator, size: int = 16) -> Vector:
    vector = rng.standard_normal(size)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def random_probs(rng: np.random.Generator) -> dict[str, float]:
    names = [str(name) for name in rng.permutation(EMOTIONS)[: rng.integers(0, len(EMOTIONS) + 1)]]
    return {name: float(prob) for name, prob in zip(names, rng.dirichlet(np.ones(max(1, len(names)))), strict=False)}


def random_timeline(rng: np.random.Generator, num_spans: int, num_words: int) -> Timeline:
    def stretch() -> tuple[float, float]:
        start_s = float(rng.choice([0.0, rng.uniform(0, 1e-9), rng.uniform(0, 3600), rng.uniform(0, 1e6)]))
        return start_s, start_s + float(rng.choice([0.0, rng.exponential()]))

    spans = tuple(
        TimelineSpan(
            *stretch(),
            person=str(rng.choice(["", "person 1", "person 2", *TEXTS])),
            source=list(Source)[rng.integers(len(Source))],
            state=list(CueState)[rng.integers(len(CueState))],
            emotion=None if rng.random() < 0.3 else str(rng.choice(EMOTIONS)),
            probs=random_probs(rng),
        )
        for _ in range(num_spans)
    )
    words = tuple(Word(*stretch(), text=str(rng.choice(TEXTS))) for _ in range(num_words))
    return Timeline("clip.mp4", float(rng.uniform(0, 1e5)), spans, words, str(rng.choice(["", "basic", "whisper"])))


def random_session(seed: int, session_id: str = "", num_utterances: int = 3, num_spans: int = 12) -> SessionRecord:
    rng = np.random.default_rng(seed)
    utterances = tuple(
        UtteranceRow(
            number=number,
            start_s=float(number),
            end_s=number + float(rng.random()),
            is_speech=bool(rng.random() < 0.5),
            person=str(rng.choice(["", "person 1"])),
            text=str(rng.choice(TEXTS)),
            emotion=str(rng.choice(EMOTIONS)),
            state=CueState.MAYBE,
            probs=random_probs(rng),
            embeddings={modality: unit_vector(rng) for modality in list(Modality)[: rng.integers(1, 4)]},
        )
        for number in range(1, num_utterances + 1)
    )
    return SessionRecord(
        session_id=session_id,
        recording="clip.mp4",
        started_at=datetime(2025, 1, 31, 17, 45, 2, 123456, tzinfo=UTC) + timedelta(hours=seed),
        duration_s=float(rng.uniform(1, 100)),
        profile="starter",
        encoder_hash="a" * 64,
        timeline=random_timeline(rng, num_spans, num_words=num_spans // 2),
        utterances=utterances,
    )


def assert_same_session(found: SessionRecord, expected: SessionRecord) -> None:
    for name in ("recording", "started_at", "duration_s", "profile", "encoder_hash", "timeline"):
        assert getattr(found, name) == getattr(expected, name), name
    assert len(found.utterances) == len(expected.utterances)
    for one, other in zip(found.utterances, expected.utterances, strict=True):
        for name in ("number", "start_s", "end_s", "is_speech", "person", "text", "emotion", "state", "probs", "label"):
            assert getattr(one, name) == getattr(other, name), name
        assert list(one.embeddings) == list(other.embeddings)
        for modality, vector in other.embeddings.items():
            assert one.embeddings[modality].tobytes() == vector.tobytes()


def saved_file(path: Path, seed: int = 0, num_spans: int = 400) -> None:
    with Database(path) as database:
        save_session(database, random_session(seed, session_id="kept", num_spans=num_spans))
