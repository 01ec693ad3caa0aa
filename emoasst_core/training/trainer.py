"""One training loop for every recipe: seeded, resumable after a kill at any moment, early stop on dev.

Every epoch is a pure function of (weights, optimiser state, seed, epoch): its random numbers are reseeded from the last
two, so a run that was killed and started again gives the same losses as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import ConfigError
from emoasst_core.training.launch import Launch

Batches = Callable[[int, torch.Generator], Iterable[Any]]
Loss = Callable[[nn.Module, Any], Tensor]
Evaluate = Callable[[nn.Module], dict[str, float]]
Report = Callable[["EpochReport"], None]


@dataclass(frozen=True, slots=True)
class TrainerOptions:
    """How long and how fast to train.

    Attributes:
        num_epochs: passes over the data.
        learning_rate: peak of the cosine schedule, reached after the warm-up.
        weight_decay: AdamW, applied to matrices only, not to biases and norms.
        warmup_epochs: linear warm-up, in epochs.
        ema_decay: decay of the averaged weights that are evaluated and saved; 0 turns averaging off.
        clip_norm: gradient norm bound; 0 turns it off.
        patience: epochs without a better dev score before stopping; 0 never stops early.
        seed: fixes order, augmentation and dropout.
        constant_rate: keep the peak rate instead of the cosine.
    """

    num_epochs: int
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_epochs: float = 1.0
    ema_decay: float = 0.0
    clip_norm: float = 0.0
    patience: int = 0
    seed: int = 0
    constant_rate: bool = False

    def __post_init__(self) -> None:
        if self.num_epochs < 1:
            raise ConfigError(f"num_epochs must be at least 1, got {self.num_epochs}.")
        if not 0 <= self.ema_decay < 1:
            raise ConfigError(f"ema_decay must lie in [0, 1), got {self.ema_decay}.")


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What one epoch did; `remaining_s` is the estimate shown as ETA."""

    epoch: int
    num_epochs: int
    loss: float
    metrics: dict[str, float]
    best_score: float
    elapsed_s: float
    remaining_s: float


@dataclass(slots=True)
class _Progress:
    epoch: int = 0
    best_score: float = -math.inf
    stale_epochs: int = 0
    losses: list[float] = field(default_factory=list)


class Trainer:
    """Fits the trainable parameters of a module.

    Args:
        module: anything whose parameters with `requires_grad` are to be fitted.
        options: see `TrainerOptions`.
        checkpoint: file rewritten after every epoch (through a temporary name, so it is old or new, never half).
        device: where the module lives; on CUDA and on CPUs with bfloat16 units mixed precision is used.
        score: name of the dev metric to maximise.
        launch: this process's place among several; its device wins over `device`.
    """

    def __init__(
        self,
        module: nn.Module,
        options: TrainerOptions,
        checkpoint: Path | None = None,
        device: str = "cpu",
        score: str = "score",
        mixed_precision: bool = False,
        launch: Launch | None = None,
    ) -> None:
        self.launch = launch or Launch(device=device)
        device = self.launch.device
        self.module = module.to(device)
        self.options = options
        self.checkpoint = checkpoint
        self.device = device
        self.score = score
        self.mixed_precision = mixed_precision
        self.progress = _Progress()
        self.network = self.launch.wrap(self.module)
        # bfloat16 has float32's range and needs no loss scale; older GPUs only have float16, which does
        is_half = mixed_precision and device.startswith("cuda") and not torch.cuda.is_bf16_supported()
        self.half_type = torch.float16 if is_half else torch.bfloat16
        self.scaler = torch.amp.GradScaler("cuda", enabled=is_half)
        self.optimizer = torch.optim.AdamW(_parameter_groups(module, options.weight_decay), lr=options.learning_rate, fused=True)
        self.averaged = _copy_state(module) if options.ema_decay else {}
        self.best_state = _copy_state(module)

    def fit(self, batches: Batches, compute_loss: Loss, evaluate: Evaluate, report: Report | None = None) -> list[float]:
        """Train to the end (or to the early stop) and leave the best weights in the module.

        Args:
            batches: (epoch, generator) -> the batches of that epoch; all randomness must come from the generator.
            compute_loss: (module, batch) -> scalar loss.
            evaluate: module -> metrics on the dev side, with the key named by `score`.
            report: called after every epoch.

        Returns:
            Mean loss of every epoch, those before a resume included.
        """
        self.resume()
        started = time.monotonic()
        first_epoch = self.progress.epoch
        while self.progress.epoch < self.options.num_epochs and not self._is_stale():
            epoch = self.progress.epoch
            self.progress.losses.append(self._run_epoch(epoch, batches, compute_loss))
            metrics = self._evaluate(evaluate)
            self._keep_best(self.launch.agree(metrics[self.score]))
            self.progress.epoch = epoch + 1
            self.save()
            if report and self.launch.is_first:
                elapsed = time.monotonic() - started
                remaining = elapsed / (epoch + 1 - first_epoch) * (self.options.num_epochs - epoch - 1)
                best = self.progress.best_score
                report(EpochReport(epoch, self.options.num_epochs, self.progress.losses[-1], metrics, best, elapsed, remaining))
        self.module.load_state_dict(self.best_state)
        self.module.eval()
        return self.progress.losses

    def _run_epoch(self, epoch: int, batches: Batches, compute_loss: Loss) -> float:
        torch.manual_seed(self.options.seed * 100_003 + epoch + self.launch.rank * 1_000_000_007)  # dropout differs, order not
        generator = torch.Generator().manual_seed(self.options.seed * 100_003 + epoch)
        epoch_batches = list_length(batches(epoch, generator))
        self.module.train()
        total, count = torch.zeros((), dtype=torch.float64, device=self.device), 0
        for step, batch in enumerate(epoch_batches.items):
            self._set_rate(epoch + step / max(1, epoch_batches.length))
            with torch.autocast(self.device.split(":")[0], self.half_type, enabled=self.mixed_precision):
                loss = compute_loss(self.network, batch)
            self.optimizer.zero_grad(set_to_none=True)
            self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            if self.options.clip_norm:
                self.scaler.unscale_(self.optimizer)
                nn.utils.clip_grad_norm_(self.module.parameters(), self.options.clip_norm)
            self.scaler.step(self.optimizer)
            self.scaler.update()
            self._average()
            total, count = total + loss.detach(), count + 1  # stays on the device: reading it would wait for every step
        if count == 0:
            raise ConfigError("There was nothing to train on.", "Check the manifest: no usable row is left in its train split.")
        return float(total) / count

    def _set_rate(self, position: float) -> None:
        options = self.options
        if position < options.warmup_epochs:
            scale = (position + 1e-3) / max(options.warmup_epochs, 1e-3)
        elif options.constant_rate:
            scale = 1.0
        else:
            done = (position - options.warmup_epochs) / max(1e-9, options.num_epochs - options.warmup_epochs)
            scale = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        for group in self.optimizer.param_groups:
            group["lr"] = options.learning_rate * scale

    @torch.no_grad()
    def _average(self) -> None:
        if not self.averaged:
            return
        pairs = [(self.averaged[name], value) for name, value in self.module.state_dict().items()]
        moving = [pair for pair in pairs if pair[1].dtype.is_floating_point]
        # leaves a weight that never moves exactly where it is
        update = torch.optim.swa_utils.get_ema_multi_avg_fn(self.options.ema_decay)  # type: ignore[no-untyped-call]
        update([averaged for averaged, _ in moving], [value for _, value in moving], 0)
        for averaged, value in pairs:
            if not value.dtype.is_floating_point:
                averaged.copy_(value)

    def _evaluate(self, evaluate: Evaluate) -> dict[str, float]:
        live = _copy_state(self.module)
        if self.averaged:
            self.module.load_state_dict(self.averaged)
        self.module.eval()
        with torch.inference_mode():
            metrics = evaluate(self.module)
        self._candidate = _copy_state(self.module)
        self.module.load_state_dict(live)
        return metrics

    def _keep_best(self, score: float) -> None:
        if score > self.progress.best_score:
            self.progress.best_score, self.progress.stale_epochs = score, 0
            self.best_state = self._candidate
        else:
            self.progress.stale_epochs += 1

    def _is_stale(self) -> bool:
        return bool(self.options.patience) and self.progress.stale_epochs >= self.options.patience

    def save(self) -> None:
        """Write the checkpoint so that a kill leaves the old or the new one whole."""
        if self.checkpoint is None or not self.launch.is_first:
            return
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        progress = {name: getattr(self.progress, name) for name in _Progress.__slots__}
        state = {
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "averaged": self.averaged,
            "best": self.best_state,
            "progress": progress,
        }
        with replacing(self.checkpoint) as partial:
            torch.save(state, partial)

    def resume(self) -> bool:
        """Continue from the checkpoint if there is one.

        Returns:
            Whether there was one.
        """
        self.launch.wait()
        if self.checkpoint is None or not self.checkpoint.exists():
            return False
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state.get("scaler", {}) or self.scaler.state_dict())
        self.averaged, self.best_state = state["averaged"], state["best"]
        self.progress = _Progress(**state["progress"])
        return True


@dataclass(frozen=True, slots=True)
class _Sized:
    items: Iterable[Any]
    length: int


def list_length(items: Iterable[Any]) -> _Sized:
    """Know the number of batches, reading them into a list only if they have no length of their own."""
    if isinstance(items, Sized):
        return _Sized(items, len(items))
    listed = list(items)
    return _Sized(listed, len(listed))


def _parameter_groups(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    trainable = [p for p in module.parameters() if p.requires_grad]
    matrices = [p for p in trainable if p.ndim >= 2]
    rest = [p for p in trainable if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


def _copy_state(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
