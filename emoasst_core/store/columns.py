"""How values are written in columns: vectors as float32 blobs, probabilities as JSON, moments as ISO 8601 text."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

import numpy as np

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.errors import StoreError

Row = dict[str, Any]
Member = TypeVar("Member", bound=Enum)


def blob_from_vector(vector: Vector) -> bytes:
    """(n,) float32 -> 4 n bytes, little-endian on every machine."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def vector_from_blob(blob: bytes) -> Vector:
    """4 n bytes -> (n,) float32, bit for bit what was stored."""
    return np.frombuffer(blob, dtype="<f4").astype(np.float32)


def text_from_probs(probs: Mapping[str, float]) -> str:
    """{emotion: probability} -> JSON; doubles survive exactly."""
    return json.dumps({name: float(prob) for name, prob in probs.items()})


def probs_from_text(text: str) -> dict[str, float]:
    """JSON -> {emotion: probability}, in the order it was stored."""
    probs: dict[str, float] = json.loads(text)
    return probs


def text_from_moment(moment: datetime) -> str:
    """A moment with a time zone -> text that sorts by time.

    Raises:
        ValueError: the moment has no time zone, so nobody could say when it was.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_from_text(text: str) -> datetime:
    """Text -> the moment, in UTC."""
    return datetime.fromisoformat(text)


def now_text() -> str:
    """This moment, as text."""
    return text_from_moment(datetime.now(UTC))


def member(kind: type[Member], text: str) -> Member:
    """The member of an enumeration that a column names.

    Raises:
        StoreError: no such member: the row was not written by this program.
    """
    try:
        return kind(text)
    except ValueError as error:
        raise StoreError(f"The database holds an unknown {kind.__name__} {text!r}.", "Put a backup in its place.") from error


def vectors_by_owner(rows: Iterable[Row], owner: str) -> dict[int, dict[Modality, Vector]]:
    """Rows with the columns `owner`, modality and vector -> {owner: {modality: vector}}.

    All are made from one piece of memory: between an adult's answer and the next cue there are thousands.
    """
    listed = list(rows)
    numbers = np.frombuffer(b"".join(row["vector"] for row in listed), dtype="<f4").astype(np.float32)
    vectors: dict[int, dict[Modality, Vector]] = {}
    start = 0
    for row in listed:
        end = start + len(row["vector"]) // 4
        vectors.setdefault(row[owner], {})[_modality(row["modality"])] = numbers[start:end]
        start = end
    return vectors


@functools.lru_cache
def _modality(text: str) -> Modality:
    return member(Modality, text)
