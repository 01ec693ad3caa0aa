"""What the model knows of each emotion before it meets anybody: class means and a few exemplars of its training people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ModelError

NUM_EXEMPLARS: Final = 64  # per emotion and modality: 115 kB each at 128 numbers and half precision
TEXT_WEIGHTS: Final = "text_weights"
SHRINKAGE: Final = 0.1  # of the covariance towards a sphere: a hundred numbers from some hundred clips
UNKNOWN_SPREAD: Final = 0.4  # squared length of what varies within an emotion, where no clip says so
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SourceClips:
    """Of one modality.

    Attributes:
        means: (num_emotions, d) mean embedding of each emotion.
        exemplars: (num_emotions, k, d) unit vectors; an emotion with fewer than k repeats some.
        whitening: (d, d) inverse root of the covariance within the emotions, symmetric.
    """

    means: Array
    exemplars: Array
    whitening: Array

    def __post_init__(self) -> None:
        means, exemplars = np.asarray(self.means), np.asarray(self.exemplars)
        fits = means.ndim == 2 and exemplars.ndim == 3 and exemplars.shape[1] > 0
        fits = fits and exemplars.shape[::2] == means.shape and np.shape(self.whitening) == (means.shape[1],) * 2
        if not fits or means.shape[0] != NUM_EMOTIONS:
            raise ModelError(f"Class means {means.shape} and exemplars {exemplars.shape} do not fit.", "Import the model again.")

    @classmethod
    def of_text(cls, text_weights: ArrayLike) -> SourceClips:
        """Where no clips are shipped: the class texts stand for them, in (num_emotions, d)."""
        weights = np.asarray(text_weights, np.float64)
        weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        size = weights.shape[1]
        return cls(weights, weights[:, None], np.eye(size) * np.sqrt(size / UNKNOWN_SPREAD))

    @classmethod
    def choose(
        cls, embeddings: ArrayLike, labels: ArrayLike, text_weights: ArrayLike, speakers: ArrayLike | None = None, seed: int = 0
    ) -> SourceClips:
        """Means over all clips, and exemplars drawn in turn from different speakers.

        Args:
            embeddings: (n, d) unit vectors of clips that the model knows.
            labels: (n,) emotion columns.
            text_weights: (num_emotions, d), for an emotion without clips.
            speakers: (n,) whose clip each is; None where nobody knows.
        """
        vectors, columns = np.asarray(embeddings, np.float64), np.asarray(labels)
        names = np.arange(len(columns)) if speakers is None else np.asarray(speakers)
        means, exemplars = np.zeros((NUM_EMOTIONS, vectors.shape[1])), []
        texts = cls.of_text(text_weights).means
        for column in range(NUM_EMOTIONS):
            rows = np.flatnonzero(columns == column)
            own = vectors[rows] if len(rows) else texts[column : column + 1]
            means[column] = own.mean(0)
            order = _in_turn(names[rows], np.random.default_rng([seed, column])) if len(rows) else np.zeros(1, np.int64)
            exemplars.append(own[np.resize(order, NUM_EXEMPLARS)])
        return cls(means, np.stack(exemplars), _whitening(vectors - means[columns]))


def _whitening(residuals: Array) -> Array:
    """(d, d) inverse root of the covariance of (n, d) residuals, a tenth of it shared out evenly."""
    covariance = residuals.T @ residuals / max(1, len(residuals))
    mean = np.trace(covariance) / len(covariance)
    values, vectors = np.linalg.eigh((1 - SHRINKAGE) * covariance + (SHRINKAGE * mean + 1e-9) * np.eye(len(covariance)))
    result: Array = (vectors / np.sqrt(values)) @ vectors.T
    return result


def save_source(path: Path, text_weights: ArrayLike, sources: Mapping[Modality, SourceClips]) -> None:
    """Write the class texts and what is known of each modality, at half precision."""
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {TEXT_WEIGHTS: np.ascontiguousarray(text_weights, np.float32)}
    for modality, source in sources.items():
        arrays[f"{modality.value}.means"] = np.ascontiguousarray(source.means, np.float16)
        arrays[f"{modality.value}.exemplars"] = np.ascontiguousarray(source.exemplars, np.float16)
        arrays[f"{modality.value}.whitening"] = np.ascontiguousarray(source.whitening, np.float32)
    save_file(arrays, path)


def load_source(path: Path) -> tuple[Vector, dict[Modality, SourceClips]]:
    """The class texts, (num_emotions, d) float32, and the source clips of each modality there is.

    Raises:
        ModelError: the file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
        sources = {
            modality: SourceClips(
                arrays[f"{modality.value}.means"].astype(np.float64),
                _unit(arrays[f"{modality.value}.exemplars"].astype(np.float64)),
                arrays[f"{modality.value}.whitening"].astype(np.float64),
            )
            for modality in Modality
            if f"{modality.value}.means" in arrays
        }
        return np.asarray(arrays[TEXT_WEIGHTS], np.float32), sources
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Import the model again.") from error


def _in_turn(names: NDArray[Any], rng: np.random.Generator) -> NDArray[np.int64]:
    """An order in which every speaker comes once before any comes twice."""
    order = rng.permutation(len(names))
    turn = np.zeros(len(names), np.int64)
    seen: dict[Any, int] = {}
    for row in order:
        name = names[row]
        turn[row] = seen[name] = seen.get(name, -1) + 1
    return np.asarray(order[np.argsort(turn[order], kind="stable")], np.int64)


def _unit(vectors: Array) -> Array:
    result: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return result
