"""Batches of token sequences: what is frozen is computed once, what is trained is computed at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from emoasst_core.datatypes import Modality

Run = Callable[[Tensor], Tensor]
Tokens = dict[Modality, tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """One modality of all examples.

    Attributes:
        items: one per example: (t_i, ...) pictures, or (t_i, d) finished tokens; t_i = 0 where it is absent.
        is_raw: they are pictures that a trained tower turns into tokens.
    """

    items: tuple[Tensor, ...]
    is_raw: bool = False


def gather(inputs: Mapping[Modality, Inputs], rows: Tensor, kept: Tensor, width: int, run: Mapping[Modality, Run]) -> Tokens:
    """{modality: ((b, t, width), (b, t))} of some rows.

    Args:
        inputs: all examples.
        rows: (b,) which of them.
        kept: (b, m) whether to use each modality, in the order of `inputs`.
        width: of a token.
        run: {modality: its trained tower}, (n, ...) -> (n, width).
    """
    tokens: Tokens = {}
    for column, (modality, part) in enumerate(inputs.items()):
        items = [
            part.items[int(row)] if bool(keep) else part.items[int(row)][:0]
            for row, keep in zip(rows, kept[:, column], strict=True)
        ]
        if part.is_raw:
            counts = [len(item) for item in items]
            flat = torch.cat(items)
            found = run[modality](flat) if len(flat) else torch.zeros(0, width)
            items = list(torch.split(found, counts))
        tokens[modality] = pad(items, width)
    return tokens


def pad(items: list[Tensor], width: int) -> tuple[Tensor, Tensor]:
    """n of (t_i, width) -> (n, longest, width) and mask, with gradients kept."""
    longest = max([len(item) for item in items] + [1])
    mask = torch.zeros(len(items), longest, dtype=torch.bool)
    rows = []
    for row, item in enumerate(items):
        mask[row, : len(item)] = True
        rows.append(torch.nn.functional.pad(item, (0, 0, 0, longest - len(item))))
    return torch.stack(rows) if rows else torch.zeros(0, longest, width), mask


def presence(inputs: Mapping[Modality, Inputs]) -> Tensor:
    """(n, m) which examples have which modality."""
    return torch.tensor([[len(item) > 0 for item in part.items] for part in inputs.values()]).T


class RowBatches:
    """Row numbers of one epoch, classes drawn evenly up to a power."""

    def __init__(self, labels: Tensor, batch_size: int, generator: torch.Generator, power: float = 0.5) -> None:
        frequency = torch.bincount(labels).double() / len(labels)
        weights = frequency[labels] ** -power
        self.order = torch.multinomial(weights, len(labels), replacement=power > 0, generator=generator)
        self.batch_size = batch_size

    def __len__(self) -> int:
        return max(1, len(self.order) // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        for step in range(len(self)):
            yield self.order[step * self.batch_size : (step + 1) * self.batch_size]
