"""Embedded clips of people whom an encoder never heard or saw, with what it knows of its training people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.source_clips import SourceClips
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ManifestError


@dataclass(frozen=True, slots=True)
class SpeakerSet:
    """One encoder and the people it was kept from.

    Attributes:
        name: of the set.
        embeddings: (n, d) unit vectors of those people's clips.
        labels: (n,) emotion columns.
        speakers: (n,) whose clip each is.
        head: the encoder's zero-shot head.
        source: class means and exemplars of its training people.
    """

    name: str
    embeddings: NDArray[np.float64]
    labels: NDArray[np.int64]
    speakers: NDArray[Any]
    head: ZeroShotHead
    source: SourceClips

    def people(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(sorted({str(name) for name in self.speakers}))

    def of(self, person: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """(m, d) and (m,) embeddings and labels of one of them."""
        rows = self.speakers == person
        return self.embeddings[rows], self.labels[rows]


def read_speaker_set(path: Path) -> SpeakerSet:
    """Read an .npz.

    Fields: `embeddings` (n, d), `labels` (n,), `speakers` (n,), `text_weights` (num_emotions, d), `scale`, and of the people it
    was trained on `train_embeddings`, `train_labels` and maybe `train_speakers`.

    Raises:
        ManifestError: the file cannot be read, lacks a field, or its shapes do not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            values = {name: archive[name] for name in archive.files}
        vectors = _unit(values["embeddings"].astype(np.float64))
        labels, speakers = values["labels"].astype(np.int64), values["speakers"].astype(str)
        weights, scale = values["text_weights"], float(values["scale"])
        source = SourceClips.choose(
            _unit(values["train_embeddings"].astype(np.float64)), values["train_labels"], weights, values.get("train_speakers")
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise ManifestError(f"{path} cannot be read: {reason}.", "Give the .npz file of one person's clips.") from error
    except (ValueError, KeyError) as error:
        raise ManifestError(
            f"{path} is no set of embedded speakers: {error}.", "See `emoasst eval --help` for its fields."
        ) from error
    fits = vectors.ndim == 2 and labels.shape == speakers.shape == vectors.shape[:1]
    if not fits or not len(labels) or weights.shape != (NUM_EMOTIONS, vectors.shape[1]):
        raise ManifestError(f"The shapes in {path} do not fit together.", "See `emoasst eval --help` for its fields.")
    return SpeakerSet(path.stem, vectors, labels, speakers, ZeroShotHead(weights, scale), source)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return result
