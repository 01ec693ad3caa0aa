"""From an adult's answer to the next cue: keep it, read the family's shots, put them in place, classify."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.relabel import relabel, withdraw
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, save_session
from emoasst_core.store.shots import list_shots, shots_for
from emoasst_core.store.utterances import UtteranceRow

Array = NDArray[np.float64]
NOISE = 0.05  # per number of an embedding: near the demo's own, but no two alike


def bench_answers(
    record: SessionRecord, database_path: Path, num_shots: int, repeats: int, mode: str = "", seed: int = 0
) -> dict[str, Any]:
    """Time answers in a database that already holds `num_shots` shots made from the session's own embeddings.

    Args:
        mode: of the memory, "personal" or "paper"; "" for the profile's.

    Returns:
        Milliseconds: p50, p95 and largest of the whole way, p95 of its processor time (the figure to compare on a busy machine),
        and p50 of its parts; and the largest change of log-probabilities after an answer was given and taken back.
    """
    rng = np.random.default_rng(seed)
    read = [row for row in record.utterances if row.embeddings]
    many = [
        replace(read[place % len(read)], number=place + 1, embeddings=_near(read[place % len(read)].embeddings, rng))
        for place in range(num_shots + repeats)
    ]
    classifier = EmbeddingClassifier.open(record.profile)
    parts: dict[str, list[float]] = {"keep": [], "read": [], "use": [], "classify": [], "all": []}
    busy: list[float] = []
    with Database(database_path) as database:
        session_id = save_session(database, replace(record, session_id="answers", utterances=tuple(many)))
        with database.writing():  # one transaction: only the answers below are measured
            for row in many[:num_shots]:
                relabel(database, session_id, row.number, str(rng.choice(EMOTIONS)), sitting="bench")
        for row in many[num_shots:]:
            times, started = [time.perf_counter()], time.process_time()
            relabel(database, session_id, row.number, str(rng.choice(EMOTIONS)))
            times.append(time.perf_counter())
            shots = shots_for(database, record.encoder_hash)
            times.append(time.perf_counter())
            classifier.use_shots(shots, mode)
            times.append(time.perf_counter())
            classifier.classify(row.embeddings, row.person)
            times.append(time.perf_counter())
            busy.append(1000 * (time.process_time() - started))
            for name, duration in zip(parts, [*np.diff(times), times[-1] - times[0]], strict=True):
                parts[name].append(1000 * float(duration))
        num_kept = len(list_shots(database))
        change = _change_after_undo(database, classifier, many[-1], mode)
    whole = parts["all"]
    return {
        "num_shots": num_kept, "repeats": repeats, "mode": classifier.mode,
        "p50_ms": float(np.median(whole)), "p95_ms": float(np.quantile(whole, 0.95)), "max_ms": max(whole),
        "cpu_p95_ms": float(np.quantile(busy, 0.95)), "undo_change": change,
        "parts_p50_ms": {name: float(np.median(values)) for name, values in parts.items() if name != "all"},
    }  # fmt: skip


def _change_after_undo(database: Database, classifier: EmbeddingClassifier, row: UtteranceRow, mode: str) -> float:
    """Largest difference in any log-probability before an answer and after it was given and taken back."""
    query = _near(row.embeddings, np.random.default_rng(1))
    readings: list[Array] = []
    session_id = list_shots(database)[-1].session_id
    withdraw(database, list_shots(database)[-1].shot.shot_id)
    for answers in (False, True, False):
        if answers:
            shot = relabel(database, session_id, row.number, "fear")
        elif readings:
            withdraw(database, shot.shot_id)
        classifier.use_shots(shots_for(database, classifier.encoder_hash), mode)
        readings.append(np.log(np.maximum(classifier.classify(query, row.person).astype(np.float64), 1e-12)))
    if np.array_equal(readings[0], readings[1]):
        raise ValueError("an answer changed nothing, so taking it back shows nothing")
    return float(np.abs(readings[2] - readings[0]).max())


def _near(embeddings: Any, rng: np.random.Generator) -> dict[Modality, Vector]:
    noisy = {modality: vector + NOISE * rng.standard_normal(len(vector)) for modality, vector in embeddings.items()}
    return {modality: (vector / np.linalg.norm(vector)).astype(np.float32) for modality, vector in noisy.items()}
