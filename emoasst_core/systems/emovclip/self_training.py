"""Self-training: the surest unlabelled rows of each class get the label that the folds agree on, round after round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

PER_CLASS, NUM_ROUNDS = 10, 10  # the winner's k and Nr: 600 pseudo-labels for its six emotions
TOLERANCE = 0.005  # the score of a fold's own rows may fall by this much before it counts as harm
PATIENCE = 2
Probs = NDArray[np.float64]
Fold = TypeVar("Fold")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Fold]):
    """What self-training leaves.

    Attributes:
        folds: the models of the best round.
        num_rounds: rounds that were kept (0: none helped).
        scores: mean score of the folds on their own held-out rows, before the first round and after each.
        rows, labels: pseudo-labelled rows of the kept rounds.
        stopped_because: "all rounds", "no rows left", or "it did harm".
    """

    folds: tuple[Fold, ...]
    num_rounds: int
    scores: tuple[float, ...]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    stopped_because: str
    history: tuple[int, ...] = field(default=())


def self_train(
    fit: Callable[[NDArray[np.int64], NDArray[np.int64]], Sequence[Fold]],
    predict: Callable[[Fold, NDArray[np.int64]], Probs],
    score: Callable[[Sequence[Fold]], float],
    num_unlabelled: int,
    per_class: int = PER_CLASS,
    num_rounds: int = NUM_ROUNDS,
) -> Outcome[Fold]:
    """Train folds, label the surest rows, train again.

    A row's certainty is the mean over the folds of their softmax. Rounds that lower the score of the folds on rows they were not
    trained on (true labels, never pseudo-labels) are taken back: pseudo-labels of a bad model would otherwise only confirm it.

    Args:
        fit: (pseudo-labelled rows, their labels) -> one model per fold, trained on the labelled rows and these.
        predict: (model, rows of the unlabelled) -> (k, c) probabilities.
        score: the folds' mean score on their own held-out labelled rows.
        num_unlabelled: rows that can be labelled.
        per_class: labels per class and round.
        num_rounds: at most.
    """
    rows, labels = np.zeros(0, np.int64), np.zeros(0, np.int64)
    folds = tuple(fit(rows, labels))
    scores = [score(folds)]
    best, best_folds, best_count = 0, folds, 0
    counts = [0]
    reason = "all rounds"
    for number in range(1, num_rounds + 1):
        waiting = np.setdiff1d(np.arange(num_unlabelled), rows)
        if not len(waiting):
            reason = "no rows left"
            break
        sure = np.mean([predict(fold, waiting) for fold in folds], axis=0)
        chosen, given = surest(sure, per_class)
        rows, labels = np.concatenate([rows, waiting[chosen]]), np.concatenate([labels, given])
        folds = tuple(fit(rows, labels))
        scores.append(score(folds))
        counts.append(len(rows))
        if scores[-1] >= scores[best]:
            best, best_folds, best_count = number, folds, len(rows)
        elif scores[-1] < scores[best] - TOLERANCE and number - best >= PATIENCE:
            reason = "it did harm"
            break
    return Outcome(best_folds, best, tuple(scores), rows[:best_count], labels[:best_count], reason, tuple(counts))


def surest(probs: Probs, per_class: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows with the highest probability of each class, among those that the class wins.

    Returns:
        (k,) rows and (k,) classes; a class that wins fewer rows gives fewer.
    """
    winners = probs.argmax(1)
    rows, labels = [], []
    for column in range(probs.shape[1]):
        own = np.flatnonzero(winners == column)
        taken = own[np.argsort(-probs[own, column], kind="stable")][:per_class]
        rows.append(taken)
        labels.append(np.full(len(taken), column))
    return np.concatenate(rows).astype(np.int64), np.concatenate(labels).astype(np.int64)
