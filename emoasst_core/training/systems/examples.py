"""What every system trains on: clips as pictures, sound and words, before any network has seen them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ManifestError

SPLITS: Final = ("train", "dev", "test")
SENTIMENT_UNKNOWN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance.

    Attributes:
        example_id: unique.
        split: "train", "dev" or "test".
        label: emotion column.
        labels: (num_emotions,) presence of every emotion, 0 or 1; several may be present.
        sentiment: negative, 0 or positive; NaN where unknown.
        speaker: whose voice; the unit of splitting.
        group: the unit of the bootstrap (rows of a group are not independent).
        frames: (t, s, s, 3) uint8 RGB face pictures in time order, or None.
        samples: (n,) float32 sound at 16 kHz, or None.
        text: what was said, "" where unknown.
    """

    example_id: str
    split: str
    label: int
    labels: NDArray[np.float32]
    sentiment: float
    speaker: str
    group: str
    frames: NDArray[np.uint8] | None
    samples: NDArray[np.float32] | None
    text: str


@dataclass(frozen=True, slots=True)
class ExampleSet:
    """Examples and where they are from.

    Attributes:
        name: of the data.
        examples: all of them.
        note: what a reader of figures must know about them.
        sessions: {speaker: session}, for leaving sessions out; a speaker without an entry is a session of its own.
    """

    name: str
    examples: tuple[Example, ...]
    note: str = ""
    sessions: dict[str, str] | None = None

    def __len__(self) -> int:
        return len(self.examples)

    def split(self, name: str) -> ExampleSet:
        """The examples of one split."""
        return self.where(lambda example: example.split == name)

    def where(self, chosen: Callable[[Example], bool]) -> ExampleSet:
        """Those that are chosen."""
        return ExampleSet(self.name, tuple(e for e in self.examples if chosen(e)), self.note, self.sessions)

    def take(self, rows: NDArray[np.int64] | list[int]) -> ExampleSet:
        """Some rows, in the order given."""
        return ExampleSet(self.name, tuple(self.examples[int(row)] for row in rows), self.note, self.sessions)

    def session_of(self, speaker: str) -> str:
        """The session a speaker belongs to."""
        return (self.sessions or {}).get(speaker, speaker)

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) emotion columns."""
        return np.array([example.label for example in self.examples], np.int64)

    @property
    def multi_labels(self) -> NDArray[np.float32]:
        """(n, num_emotions) presence."""
        stacked = [example.labels for example in self.examples]
        return np.stack(stacked) if stacked else np.zeros((0, NUM_EMOTIONS), np.float32)

    @property
    def sentiments(self) -> NDArray[np.float64]:
        """(n,) negative, 0, positive or NaN."""
        return np.array([example.sentiment for example in self.examples])

    @property
    def groups(self) -> tuple[str, ...]:
        """(n,) units of the bootstrap."""
        return tuple(example.group for example in self.examples)

    @property
    def sizes(self) -> dict[str, int]:
        """{split: number of examples}."""
        return {name: sum(example.split == name for example in self.examples) for name in SPLITS}

    def content_hash(self) -> str:
        """Of the rows: their names, splits and labels."""
        text = json.dumps([[example.example_id, example.split, example.label] for example in self.examples])
        return hashlib.sha256(text.encode()).hexdigest()

    def require_splits(self) -> ExampleSet:
        """The set itself.

        Raises:
            ManifestError: there is nothing to train or to choose on, or a speaker is in two splits.
        """
        sizes = self.sizes
        if not sizes["train"] or not sizes["dev"]:
            raise ManifestError(
                f"{self.name} has {sizes['train']} rows to train and {sizes['dev']} to choose on.", "Both are needed."
            )
        where: dict[str, set[str]] = {}
        for example in self.examples:
            if example.speaker:
                where.setdefault(example.speaker, set()).add(example.split)
        shared = sorted(speaker for speaker, splits in where.items() if len(splits) > 1)
        if shared and self.sessions is not None:
            raise ManifestError(f"{self.name}: {shared[0]} speaks in two splits.", "Split by speaker.")
        return self
