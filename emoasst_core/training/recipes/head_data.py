"""Batches of stored features, each a pure function of (rows, seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emoasst_core.datatypes import Vector
from emoasst_core.training.feature_store import FeatureStore, Half
from emoasst_core.training.launch import Launch

Part = Literal["frames", "audio"]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeadBatch:
    """One step's input.

    Attributes:
        values: (b, n, width) float32, frames or sound states.
        mask: (b, n) True where there is one.
        targets: (b, d) features of the texts to be matched.
        queries: (b, 1, d) texts that go into the queries, or (m, d) those of the classes.
        labels: (b,).
    """

    values: Tensor
    mask: Tensor
    targets: Tensor
    queries: Tensor
    labels: Tensor


class HeadData:
    """Features of some rows of a store, for one head.

    Args:
        store: filled to its last row.
        part: "frames" for the Visual Fusion Module, "audio" for the auditory adapter.
        labels: (num_rows_of_store,) emotion columns.
        class_text: (num_emotions, d) label-free class features.
        rows: those to use; rows without the part are set aside in `absent`.
    """

    def __init__(self, store: FeatureStore, part: Part, labels: NDArray[np.int64], class_text: Vector, rows: Rows) -> None:
        self.store, self.part, self.all_labels, self.class_text = store, part, labels, class_text
        self._counts, self._starts = store.counts(part), store.starts(part)
        self._text_counts, self._text_starts = store.counts("text"), store.starts("text")
        self.rows = rows[self._counts[rows] > 0]
        self.absent = rows[self._counts[rows] == 0]

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, rows: Rows, limit: int, generator: torch.Generator | None = None) -> tuple[Half, NDArray[np.bool_]]:
        """Vectors of some rows side by side.

        Args:
            rows: (b,) of the store.
            limit: at most this many vectors per row, 0 for all; longer rows are thinned evenly.
            generator: draws one vector from each even stretch; None takes the middle ones.

        Returns:
            (b, n, width) and (b, n) True where a row has a vector.
        """
        counts = self._counts[rows]
        length = int(counts.max()) if not limit else min(limit, int(counts.max()))
        places = np.arange(length)[None].repeat(len(rows), 0)
        mask = places < counts[:, None]
        if limit:
            offsets = np.full(places.shape, 0.5)
            if generator is not None:
                offsets = torch.rand(places.shape, generator=generator, dtype=torch.float64).numpy()
            spread = ((places + offsets) * (counts[:, None] / length)).astype(np.int64)
            places = np.where(counts[:, None] > length, spread, places)
        places = np.minimum(places, counts[:, None] - 1)
        values = self.store.array(self.part)[self._starts[rows][:, None] + places]
        values[~mask] = 0
        return values, mask

    def texts(self, rows: Rows, prompts: str, generator: torch.Generator | None) -> Vector:
        """(b, d): the utterance of each row, or one of its emotion prompts drawn at random."""
        places = np.zeros(len(rows), np.int64)
        if prompts == "six":
            draws = torch.rand(len(rows), generator=generator, dtype=torch.float64).numpy()
            places = 1 + (draws * (self._text_counts[rows] - 1)).astype(np.int64)
        result: Vector = self.store.array("text")[self._text_starts[rows] + places].astype(np.float32)
        return result

    def batch(self, rows: Rows, limit: int, prompts: str, queries: str, generator: torch.Generator | None = None) -> HeadBatch:
        """Everything one step needs. With a generator it is a training batch: thinned and prompted at random."""
        values, mask = self.gather(rows, limit, generator)
        targets = self.texts(rows, prompts, generator)
        asked = self.class_text
        if queries != "class":  # "paper": in training the query holds the very text to be matched, in use only what was said
            leaks = queries == "paper" and generator is not None
            asked = (targets if leaks else self.texts(rows, "utterance", None))[:, None]
        return HeadBatch(
            torch.from_numpy(values).float(),
            torch.from_numpy(mask),
            torch.from_numpy(targets),
            torch.from_numpy(asked),
            torch.from_numpy(self.all_labels[rows]),
        )


class EpochBatches:
    """Shuffled training batches of one epoch; under torchrun, this process's part of each."""

    def __init__(
        self, data: HeadData, batch_size: int, limit: int, prompts: str, queries: str, generator: torch.Generator, launch: Launch
    ) -> None:
        self.data, self.limit, self.prompts, self.queries = data, limit, prompts, queries
        self.generator, self.launch = generator, launch
        order = data.rows[torch.randperm(len(data), generator=generator).numpy()]
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        smallest = max(2, launch.world_size)  # one clip alone has nothing to be told from
        self.batches = [rows for rows in batches if len(rows) >= smallest]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[HeadBatch]:
        for rows in self.batches:
            batch = self.data.batch(rows, self.limit, self.prompts, self.queries, self.generator)
            if self.launch.world_size > 1:  # all draw the whole batch, so that the draws do not depend on how many share it
                mine = torch.from_numpy(self.launch.share(np.arange(len(rows))))
                asked = batch.queries if batch.queries.dim() == 2 else batch.queries[mine]
                batch = HeadBatch(batch.values[mine], batch.mask[mine], batch.targets[mine], asked, batch.labels[mine])
            yield batch
