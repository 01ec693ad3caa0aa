"""A training that several processes share, started as a program by torchrun or alone: FOLDER PART LOSSES_FILE."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from emoasst_core.training import launch as launching
from emoasst_core.training.launch import join_launch
from emoasst_core.training.recipes import head_training
from emoasst_core.training.recipes.head_training import train_head
from emoasst_core.training.recipes.run_folder import build_heads
from tests.core.training.test_head_training import DIM, OPTIONS, make_data, make_store


def main(folder: Path, part: str, losses_file: Path) -> None:
    """Without dropout and in single precision, sharing a batch changes nothing but the order of sums."""
    launch = join_launch("cpu")
    head_training.has_half_precision = launching.has_half_precision = lambda _device: False
    store = make_store(folder / f"store{launch.rank}")
    options = replace(OPTIONS, dropout=0.0, batch_size=14)
    head = build_heads({part: store.widths[part]}, DIM, options)[part]
    data = make_data(store, part, np.arange(7, 63))  # whole batches: a share must be of one size
    losses = train_head(head, data, data, options, folder / "checkpoint.pt", launch)
    if launch.is_first:
        losses_file.write_text("\n".join(map(str, losses)))
    launch.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
