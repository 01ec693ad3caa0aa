"""Rows as every protocol sees them: one vector per modality, a label, and who speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Vector


@dataclass(frozen=True, slots=True)
class EmbeddedSet:
    """Embedded rows.

    Attributes:
        ids: one per row.
        labels: (n,) emotion columns.
        splits, speakers, groups: one per row; groups are the unit of the bootstrap.
        embeddings: {modality: (n, d) unit float32}; a row without that modality holds NaN.
    """

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    splits: tuple[str, ...]
    speakers: tuple[str, ...]
    groups: tuple[str, ...]
    embeddings: Mapping[Modality, Vector]

    def __len__(self) -> int:
        return len(self.ids)

    def split(self, name: str) -> EmbeddedSet:
        """The rows of one split."""
        return self.take(np.flatnonzero(np.array(self.splits) == name))

    def take(self, rows: NDArray[np.int64]) -> EmbeddedSet:
        """Some rows, in the order given."""
        return EmbeddedSet(
            tuple(self.ids[row] for row in rows),
            self.labels[rows],
            tuple(self.splits[row] for row in rows),
            tuple(self.speakers[row] for row in rows),
            tuple(self.groups[row] for row in rows),
            {modality: values[rows] for modality, values in self.embeddings.items()},
        )

    def present(self, modality: Modality) -> NDArray[np.bool_]:
        """(n,) rows that have this modality."""
        return np.asarray(np.isfinite(self.embeddings[modality]).all(1), np.bool_)

    def answered(self, modalities: Iterable[Modality]) -> NDArray[np.bool_]:
        """(n,) rows that have at least one of these."""
        return np.asarray(np.any([self.present(modality) for modality in modalities], axis=0), np.bool_)
