"""Bars of a training on the terminal, each with the time that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

if TYPE_CHECKING:
    from emoasst_core.training.feature_extraction import ExtractionReport
    from emoasst_core.training.trainer import EpochReport

TITLES: Final = {"frames": "Visual Fusion Module", "audio": "auditory adapter"}


def training_progress(console: Console, is_shown: bool) -> Progress:
    """A set of bars with a note at the end of each."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=console, disable=not is_shown)


class ProgressBars:
    """One bar for the features and one per head.

    Args:
        progress: of `training_progress`.
        num_rows: of the manifest.
        num_epochs: of each head.
    """

    def __init__(self, progress: Progress, num_rows: int, num_epochs: int) -> None:
        self.progress, self.num_rows, self.num_epochs = progress, num_rows, num_epochs
        self._bars: dict[str, Any] = {}

    def extracted(self, report: ExtractionReport) -> None:
        """A row's features are stored."""
        note = f"{report.num_errors} unreadable, {minutes(report.remaining_s)} left"
        self._show("features", "features", report.num_done, self.num_rows, note)

    def trained(self, part: str, report: EpochReport) -> None:
        """An epoch is done."""
        figures = (
            f"loss {report.loss:.3f}, dev macro F1 {report.metrics['macro_f1']:.3f}, accuracy {report.metrics['accuracy']:.3f}"
        )
        self._show(part, TITLES[part], report.epoch + 1, self.num_epochs, f"{minutes(report.remaining_s)} left")
        line = f"{TITLES[part]} epoch {report.epoch + 1}/{report.num_epochs}: {figures}"
        self.progress.console.print(line, highlight=False, soft_wrap=True)

    def _show(self, key: str, title: str, done: int, total: int, note: str) -> None:
        if key not in self._bars:
            self._bars[key] = self.progress.add_task(title, total=total, note="")
        self.progress.update(self._bars[key], completed=done, note=note)


def minutes(seconds: float) -> str:
    """A duration for people.

    >>> minutes(42), minutes(3661)
    ('42 s', '61 min 01 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
