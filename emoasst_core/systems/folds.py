"""Folds that never share a speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emoasst_core.errors import ManifestError

Rows = NDArray[np.int64]


def speaker_folds(speakers: Sequence[str], num_folds: int, seed: int = 0) -> list[tuple[Rows, Rows]]:
    """Deal whole speakers to folds, the largest first, each to the smallest fold.

    Returns:
        Per fold the rows to train on and the rows held out; every row is held out once.

    Raises:
        ManifestError: there are fewer speakers than folds.
    """
    names, counts = np.unique(np.asarray(speakers), return_counts=True)
    if len(names) < num_folds:
        raise ManifestError(f"{len(names)} speakers cannot be dealt to {num_folds} folds.", "Use fewer folds or more speakers.")
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-counts[shuffled], kind="stable")]
    sizes = np.zeros(num_folds, np.int64)
    fold_of: dict[str, int] = {}
    for place in order:
        smallest = int(sizes.argmin())
        fold_of[str(names[place])] = smallest
        sizes[smallest] += counts[place]
    own = np.array([fold_of[speaker] for speaker in speakers])
    return [(np.flatnonzero(own != fold), np.flatnonzero(own == fold)) for fold in range(num_folds)]


def session_folds(sessions: Sequence[str]) -> list[tuple[Rows, Rows, Rows]]:
    """Leave one session out, and choose on the next one: (train, valid, test) rows per session.

    The session after the left-out one (in the order of their names, the first after the last) is the validation, so that neither
    epoch nor setting is ever chosen on the test session.

    Raises:
        ManifestError: fewer than three sessions.
    """
    names = sorted(set(sessions))
    if len(names) < 3:
        raise ManifestError(
            f"{len(names)} sessions are too few: one trains, one chooses, one is left out.", "Name more sessions."
        )
    own = np.array([names.index(session) for session in sessions])
    folds = []
    for test in range(len(names)):
        valid = (test + 1) % len(names)
        folds.append((np.flatnonzero((own != test) & (own != valid)), np.flatnonzero(own == valid), np.flatnonzero(own == test)))
    return folds
