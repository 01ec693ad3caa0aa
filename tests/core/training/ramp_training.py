"""A small, exactly repeatable training run: run in a process of its own so that a test can kill it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from emoasst_core.training.trainer import EpochReport, Trainer, TrainerOptions

NUM_BATCHES = 6
OPTIONS = TrainerOptions(num_epochs=6, learning_rate=0.02, warmup_epochs=1.0, ema_decay=0.9, clip_norm=1.0, seed=3)


def network() -> nn.Module:
    """Two layers and dropout, so that resumed randomness matters."""
    torch.manual_seed(11)
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))


def batches(_epoch: int, generator: torch.Generator) -> list[Tensor]:
    """Noisy inputs; their target is the sum of their columns."""
    return [torch.randn(8, 4, generator=generator) for _ in range(NUM_BATCHES)]


def loss(module: nn.Module, batch: Tensor) -> Tensor:
    """Squared error against the sum."""
    return ((module(batch).squeeze(1) - batch.sum(1)) ** 2).mean()


def score(module: nn.Module) -> dict[str, float]:
    """Minus the error on a fixed grid."""
    grid = torch.linspace(-1, 1, 40).reshape(10, 4)
    return {"score": -loss(module, grid).item()}


def deadly(kill_at_batch: int) -> Callable[[int, torch.Generator], Iterator[Tensor]]:
    """Batches that end this process by SIGKILL just before the given one, counted over the whole run."""

    def drawn(epoch: int, generator: torch.Generator) -> Iterator[Tensor]:
        for step, batch in enumerate(batches(epoch, generator)):
            if epoch * NUM_BATCHES + step == kill_at_batch:
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    class Sized:
        def __init__(self, epoch: int, generator: torch.Generator) -> None:
            self.drawn = drawn(epoch, generator)

        def __len__(self) -> int:
            return NUM_BATCHES

        def __iter__(self) -> Iterator[Tensor]:
            return self.drawn

    return Sized  # type: ignore[return-value]


def main(checkpoint: Path, kill_at_batch: int) -> None:
    """Train and write losses and final weights as one line of JSON."""
    reports: list[EpochReport] = []
    trainer = Trainer(network(), OPTIONS, checkpoint)
    losses = trainer.fit(deadly(kill_at_batch), loss, score, reports.append)
    weights = [value.flatten().tolist() for value in trainer.module.state_dict().values()]
    sys.stdout.write(json.dumps({"losses": losses, "weights": weights, "epochs": [report.epoch for report in reports]}))
