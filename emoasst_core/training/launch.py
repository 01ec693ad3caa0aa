"""Several GPUs or machines through torch's own launcher: `torchrun --nproc-per-node 4 -m emoasst_core.cli train ...`.

Every process draws the same batches and works on its share of each. Features are gathered before the contrastive loss, so that
loss and gradients are those of the whole batch, as with one process. The run folder must be one that all processes see.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Launch:
    """This process's place among those that train together.

    Attributes:
        rank: 0 writes files and reports.
        world_size: number of processes; 1 without torchrun.
        device: "cpu", "cuda:0" ...
    """

    rank: int = 0
    world_size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this process writes and reports."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Average gradients over the processes."""
        if self.world_size == 1:
            return module
        on_gpu = self.device.startswith("cuda")
        wrapped: nn.Module = nn.parallel.DistributedDataParallel(
            module, device_ids=[torch.device(self.device)] if on_gpu else None, find_unused_parameters=True
        )
        return wrapped

    def share(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """This process's part of a batch; up to `world_size - 1` rows are left over, since all parts must be of one size."""
        return rows[self.rank : len(rows) - len(rows) % self.world_size : self.world_size]

    def gather(self, values: Tensor) -> Tensor:
        """Join the parts of all processes, gradients included."""
        if self.world_size == 1:
            return values
        if not values.is_floating_point():
            parts = [torch.empty_like(values) for _ in range(self.world_size)]
            torch.distributed.all_gather(parts, values.contiguous())
            return torch.cat(parts)
        from torch.distributed.nn.functional import all_gather

        return torch.cat(all_gather(values.contiguous()))  # type: ignore[no-untyped-call]

    def agree(self, value: float) -> float:
        """The first process's value, so that all stop at the same epoch."""
        if self.world_size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64 if self.device == "cpu" else torch.float32, device=self.device)
        torch.distributed.broadcast(shared, 0)
        return float(shared)

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.world_size > 1:
            torch.distributed.barrier()

    def leave(self) -> None:
        """End the group."""
        if self.world_size > 1:
            torch.distributed.destroy_process_group()


def join_launch(device: str = "") -> Launch:
    """Take part in the training that torchrun started, or train alone.

    Args:
        device: "cpu", "cuda", or "" to take a GPU where there is one.
    """
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        return Launch(device=kind)
    local = f"cuda:{os.environ['LOCAL_RANK']}" if kind == "cuda" else kind
    if kind == "cuda":
        torch.cuda.set_device(local)
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if kind == "cuda" else "gloo")
    return Launch(int(os.environ["RANK"]), world_size, local)


def has_half_precision(device: str) -> bool:
    """Whether bfloat16 is computed in hardware there, so that mixed precision pays."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    if device != "cpu":
        return False
    return any(bool(getattr(torch.cpu, name, bool)()) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"))
