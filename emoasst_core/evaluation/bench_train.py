"""`emoasst bench train`: seconds of an epoch of both heads on MELD-sized stored features, and of the plain way beside it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

MELD_TRAIN_ROWS: Final = 9_989
TARGET_S: Final = 60.0  # for both heads on two cores; the paper's epoch took 21.22 minutes on a GPU, towers included
PAPER_EPOCH_S: Final = 1273.0
BASELINE_BATCHES: Final = 6  # of 16 clips


def bench_train(
    num_rows: int = MELD_TRAIN_ROWS, threads: int = 2, baseline_batches: int = BASELINE_BATCHES, folder: Path | None = None
) -> dict[str, Any]:
    """Time one epoch of the Visual Fusion Module and of the auditory adapter.

    The baseline is the plain way: single precision, all sound states of every clip padded to the longest of its batch, torch's
    dropout. It is timed over a few batches and scaled up to the epoch, which the result says. Its batches are of 16 clips, since
    128 such clips need more memory than most machines have.

    Args:
        num_rows: utterances.
        threads: of the CPU.
        baseline_batches: timed of the baseline.
        folder: where the random features go (2.7 GB for MELD's size); a temporary one if None.

    Returns:
        {"epoch_s", "baseline_epoch_s", "speed_up", "target_s", "passed", "load_average", "detail"}.
    """
    from emoasst_core.training.epoch_timing import time_epochs

    with tempfile.TemporaryDirectory(prefix="emoasst-bench-") as temporary:
        detail = time_epochs(folder or Path(temporary), num_rows, threads, baseline_batches)
    epoch_s = sum(head["seconds"] for head in detail["heads"].values())
    baseline_s = sum(head["seconds"] for head in detail["baseline"].values())
    return {
        "num_rows": num_rows,
        "threads": threads,
        "epoch_s": round(epoch_s, 2),
        "baseline_epoch_s": round(baseline_s, 2),
        "baseline_is": f"extrapolated from {baseline_batches} batches of 16 clips per head",
        "speed_up": round(baseline_s / epoch_s, 2),
        "target_s": TARGET_S,
        "passed": epoch_s <= TARGET_S,
        "paper_epoch_s": PAPER_EPOCH_S,
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "detail": detail,
    }
