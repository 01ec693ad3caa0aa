"""What a training tells on a narrow terminal, or in a file."""

from __future__ import annotations

import io

from rich.console import Console

from emoasst_core.training.progress_bars import ProgressBars, training_progress
from emoasst_core.training.trainer import EpochReport


def test_an_epoch_is_one_line_of_figures_and_names_no_source_file() -> None:
    console = Console(file=io.StringIO(), width=60)
    with training_progress(console, True) as progress:
        metrics = {"macro_f1": 0.3421, "accuracy": 0.4286}
        ProgressBars(progress, 10, 2).trained("audio", EpochReport(0, 2, 7.25, metrics, 0.3421, 40.0, 41.0))
    first, *bars = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert first == "auditory adapter epoch 1/2: loss 7.250, dev macro F1 0.342, accuracy 0.429"
    assert len(bars) == 1 and "1/2" in bars[0] and "41 s left" in bars[0]
