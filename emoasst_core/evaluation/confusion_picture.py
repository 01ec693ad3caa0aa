"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import EMOTIONS

DARK_SHARE = 0.5  # above this share of the row the cell is dark and its number is written in white


def draw_confusion(matrix: NDArray[np.integer[Any]], path: Path, title: str = "", names: Sequence[str] = EMOTIONS) -> None:
    """Save counts, coloured by their share of the row.

    Args:
        matrix: (c, c); row = true, column = predicted.
        path: .png, .svg or .pdf.
        title: above the picture.
        names: (c,) class names.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    for row in range(len(names)):
        for column in range(len(names)):
            color = "white" if shares[row, column] > DARK_SHARE else "black"
            axes.text(column, row, str(int(matrix[row, column])), ha="center", va="center", color=color)
    figure.savefig(path, dpi=120)
