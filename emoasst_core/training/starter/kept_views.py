"""Changed views of the training faces that the teachers have read, kept in files: read once, learned many times.

Reading a view costs two large networks three times what the small tower needs to learn from it. So a few sets of views are drawn
and read, and the tower goes round them; mirror images and mixtures of two are made anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.atomic_file import replacing
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.training.starter.face_data import FaceSet
from emoasst_core.training.starter.face_tower import FaceBatches

NUM_SETS: Final = 6
SETS_PER_EPOCH: Final = 2
BATCH_SIZE: Final = 128
MIXED_SHARE: Final = 0.5  # of the pictures are mixtures of two


@dataclass(frozen=True, slots=True)
class ViewBatch:
    """Views, or a whole set of them, with what is known of each.

    Attributes:
        views: (b, s, s) standardised grey pictures.
        said: (b, num_emotions) mean of the teachers' probabilities.
        votes: (b, num_emotions) what people said of the picture.
        weights: (b,) how many of their votes were emotions.
    """

    views: Tensor
    said: Tensor
    votes: Tensor
    weights: Tensor

    def part(self, rows: Tensor) -> ViewBatch:
        """The chosen rows, at single precision."""
        return ViewBatch(self.views[rows].float(), self.said[rows].float(), self.votes[rows], self.weights[rows])

    def __len__(self) -> int:
        return len(self.views)


class KeptViews:
    """The sets of one run.

    Args:
        teachers: networks that give (b, num_emotions) logits of (b, 3, s, s) pictures.
        faces: what the views are drawn from.
        folder: where the sets are kept, `faces_views_N.npz`.
        seed: fixes every set.
        device: where views are drawn and read.
    """

    def __init__(self, teachers: Sequence[nn.Module], faces: FaceSet, folder: Path, seed: int = 0, device: str = "cpu") -> None:
        self.teachers, self.faces, self.folder = teachers, faces, folder
        self.seed, self.device = seed, device

    def load(self, number: int) -> ViewBatch:
        """A set; drawn and read if it was not yet."""
        path = self.folder / f"faces_views_{number + 1}.npz"
        if not path.exists():
            with replacing(path) as partial, open(partial, "wb") as file:
                np.savez(file, allow_pickle=False, **self._read(number))
        with np.load(path, allow_pickle=False) as kept:
            return ViewBatch(*(torch.from_numpy(kept[field.name]) for field in fields(ViewBatch)))

    def _read(self, number: int) -> dict[str, NDArray[Any]]:
        generator = torch.Generator().manual_seed((self.seed + 1) * 9_001 + number)
        rows: list[tuple[Tensor, ...]] = []
        for views, votes, weights in FaceBatches(self.faces, generator, self.device):
            said = read_together(self.teachers, views, self.device)
            rows.append((views[:, 0].half(), said.half(), votes, weights))
        names = [field.name for field in fields(ViewBatch)]
        return {name: torch.cat(column).cpu().numpy() for name, column in zip(names, zip(*rows, strict=True), strict=True)}


@torch.inference_mode()
def read_together(teachers: Sequence[nn.Module], views: Tensor, device: str = "cpu") -> Tensor:
    """(b, 3, s, s) -> (b, num_emotions) mean of the teachers' probabilities."""
    said = torch.zeros(len(views), NUM_EMOTIONS, device=device)
    for teacher in teachers:
        teacher.to(device).eval()
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            said += F.softmax(teacher(views).float(), dim=-1) / len(teachers)
    return said


class ViewBatches:
    """Batches of one epoch: `SETS_PER_EPOCH` sets, going round all of them; half are mirrored, some mixed with another.

    Args:
        kept: where the sets come from.
        epoch: says which sets.
        generator: source of all randomness, on the CPU.
    """

    def __init__(self, kept: KeptViews, epoch: int, generator: torch.Generator) -> None:
        self.generator, self.device = generator, kept.device
        self.sets = [kept.load((SETS_PER_EPOCH * epoch + step) % NUM_SETS) for step in range(SETS_PER_EPOCH)]

    def __len__(self) -> int:
        return sum(len(views) // BATCH_SIZE for views in self.sets)

    def __iter__(self) -> Iterator[ViewBatch]:
        for views in self.sets:
            order = torch.randperm(len(views), generator=self.generator)
            for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
                batch = mix_pairs(mirror_half(views.part(order[start : start + BATCH_SIZE]), self.generator), self.generator)
                yield ViewBatch(*(getattr(batch, field.name).to(self.device) for field in fields(batch)))


def mirror_half(batch: ViewBatch, generator: torch.Generator) -> ViewBatch:
    """Turn half of the views left to right."""
    chosen = torch.rand(len(batch), 1, 1, generator=generator) < 0.5
    return replace(batch, views=torch.where(chosen, batch.views.flip(-1), batch.views))


def mix_pairs(batch: ViewBatch, generator: torch.Generator) -> ViewBatch:
    """Lay another view of the batch over `MIXED_SHARE` of the views, their targets likewise (mixup, Zhang et al. 2018).

    The share of the other one is drawn evenly up to a half.
    """
    other = torch.randperm(len(batch), generator=generator)
    is_mixed = torch.rand(len(batch), generator=generator) < MIXED_SHARE
    share = 0.5 * torch.rand(len(batch), generator=generator) * is_mixed

    def mix(values: Tensor) -> Tensor:
        return torch.lerp(values, values[other], share.view(-1, *[1] * (values.ndim - 1)))

    return ViewBatch(mix(batch.views), mix(batch.said), mix(batch.votes), mix(batch.weights))
