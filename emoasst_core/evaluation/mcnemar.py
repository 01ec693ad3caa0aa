"""Whether two systems differ on the same rows (McNemar 1947, exact)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from emoasst_core.emotions import EMOTIONS, emotion_index
from emoasst_core.errors import ManifestError


@dataclass(frozen=True, slots=True)
class McNemar:
    """Paired comparison.

    Attributes:
        only_first, only_second: rows that only one of the two had right.
        p_value: two-sided, exact binomial; 1 where they never differ.
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(labels: NDArray[np.integer[Any]], first: NDArray[np.integer[Any]], second: NDArray[np.integer[Any]]) -> McNemar:
    """Compare two predictions of the same rows.

    >>> mcnemar(np.zeros(9, int), np.zeros(9, int), np.ones(9, int)).p_value < 0.01
    True

    Args:
        labels, first, second: (n,); -1 in a prediction is an abstention and counts as wrong.
    """
    first_right, second_right = np.asarray(first) == labels, np.asarray(second) == labels
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    differing = only_first + only_second
    p_value = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p_value)


def compare_predictions(first: Path, second: Path) -> McNemar:
    """Compare two prediction files of `emoasst eval`, both of runs (columns id, label, prediction) or both of one manifest.

    Raises:
        ManifestError: a file cannot be read, or they are not of the same rows.
    """
    one, two = _read(first), _read(second)
    if set(one) != set(two) or any(one[key][0] != two[key][0] for key in one):
        raise ManifestError(f"{first.name} and {second.name} are not of the same rows.", "Compare runs on the same split.")
    columns = [np.array(values) for values in zip(*((one[key][0], one[key][1], two[key][1]) for key in sorted(one)), strict=True)]
    return mcnemar(*columns)


def _read(path: Path) -> dict[str, tuple[int, int]]:
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            return dict(_parse(row, number) for number, row in enumerate(csv.DictReader(handle)))
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        what = f"There is no file {path}." if isinstance(error, FileNotFoundError) else f"{path} is not a prediction file."
        raise ManifestError(
            what, "Give two csv files that `emoasst eval` wrote: predictions_*.csv of runs, or --predictions files."
        ) from error


def _parse(row: dict[str, str], number: int) -> tuple[str, tuple[int, int]]:
    """{row: (label, prediction)} of one line; rows of a manifest have no id: the same file may stand in several of them."""
    if "predicted" in row:
        return f"{number} {Path(row['path']).name}", (emotion_index(row["emotion"]), _column(row["predicted"]))
    return row["id"], (emotion_index(row["label"]), _column(row["prediction"]))


def _column(name: str) -> int:
    return EMOTIONS.index(name) if name in EMOTIONS else -1
