"""The linear probe: logistic regression on frozen features, by the protocol of CLIP (Radford et al. 2021, A.3)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import EmoAsstError

COARSE_EXPONENTS = (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0)  # of 10, where the search starts
FINEST_STEP = 0.125  # of an exponent: eight strengths per decade, 96 from 1e-6 to 1e6
MAX_ITERATIONS = 1000

Features = NDArray[np.float64]
Labels = NDArray[np.int64]
Score = Callable[[Labels, Labels], float]


@dataclass(frozen=True, slots=True)
class Trial:
    """One regularisation strength that was tried; `converged` is False where the solver ran out of iterations."""

    inverse_regularisation: float
    dev_score: float
    converged: bool


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """A fitted probe.

    Attributes:
        weights: (num_emotions, d).
        bias: (num_emotions,), minus infinity for an emotion that no training row had.
        best: the strength that was chosen.
        trials: all that were tried, in order.
    """

    weights: Features
    bias: NDArray[np.float64]
    best: Trial
    trials: tuple[Trial, ...]

    @classmethod
    def fit(
        cls,
        train_features: ArrayLike,
        train_labels: ArrayLike,
        dev_features: ArrayLike,
        dev_labels: ArrayLike,
        score: Score | None = None,
    ) -> LinearProbe:
        """Search the strength of the L2 regularisation on the dev rows, then keep the probe fitted on the train rows with it.

        Seven strengths from 1e-6 to 1e6 first, then the neighbours of the best at half the distance, four times over. Of
        equally good ones the stronger regularisation wins. The test split has no way in here.

        Args:
            train_features, dev_features: (n, d).
            train_labels, dev_labels: (n,) emotion columns.
            score: (labels, predictions) -> the larger the better; accuracy where None.

        Raises:
            EmoAsstError: shapes that do not fit, no dev row, or fewer than two emotions among the train rows.
        """
        train, dev = _checked(train_features, train_labels), _checked(dev_features, dev_labels)
        if len(np.unique(train[1])) < 2 or not len(dev[1]) or train[0].shape[1] != dev[0].shape[1]:
            raise EmoAsstError("A probe needs train rows of two emotions or more, and dev rows of the same features.")
        judge = score or _accuracy
        tried: dict[float, tuple[Trial, Features, NDArray[np.float64]]] = {}

        def attempt(exponent: float) -> None:
            if exponent in tried or not COARSE_EXPONENTS[0] <= exponent <= COARSE_EXPONENTS[-1]:
                return
            weights, bias, converged = _fit_one(train, 10.0**exponent)
            dev_score = judge(dev[1], (dev[0] @ weights.T + bias).argmax(1))
            tried[exponent] = Trial(10.0**exponent, float(dev_score), converged), weights, bias

        def best_exponent() -> float:
            return max(tried, key=lambda exponent: (tried[exponent][0].dev_score, -exponent))

        for exponent in COARSE_EXPONENTS:
            attempt(exponent)
        step = 1.0
        while step >= FINEST_STEP:
            centre = best_exponent()
            attempt(centre - step)
            attempt(centre + step)
            step /= 2
        best, weights, bias = tried[best_exponent()]
        return cls(weights, bias, best, tuple(trial for trial, _, _ in tried.values()))

    def logits(self, features: ArrayLike) -> NDArray[np.float64]:
        """(n, d) or (d,) -> (n, num_emotions) or (num_emotions,)."""
        result: NDArray[np.float64] = np.asarray(features, np.float64) @ self.weights.T + self.bias
        return result

    def probs(self, features: ArrayLike) -> NDArray[np.float64]:
        """The softmax of the logits; 0 for an emotion that no training row had."""
        logits = self.logits(features)
        exponentials = np.exp(logits - logits.max(-1, keepdims=True))
        result: NDArray[np.float64] = exponentials / exponentials.sum(-1, keepdims=True)
        return result


def _fit_one(train: tuple[Features, Labels], inverse_regularisation: float) -> tuple[Features, NDArray[np.float64], bool]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=inverse_regularisation, max_iter=MAX_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by `Trial.converged` instead
        model.fit(*train)
    weights = np.zeros((NUM_EMOTIONS, train[0].shape[1]))
    bias = np.full(NUM_EMOTIONS, -np.inf)
    # of two classes sklearn keeps only the second's row; the softmax with zeros for the first is the same
    both = len(model.classes_) == 2
    weights[model.classes_] = np.concatenate([np.zeros_like(model.coef_), model.coef_]) if both else model.coef_
    bias[model.classes_] = np.concatenate([[0.0], model.intercept_]) if both else model.intercept_
    return weights, bias, int(np.max(model.n_iter_)) < MAX_ITERATIONS


def _checked(features: ArrayLike, labels: ArrayLike) -> tuple[Features, Labels]:
    rows: NDArray[Any] = np.asarray(features, np.float64)
    columns: NDArray[Any] = np.asarray(labels)
    fits = rows.ndim == 2 and columns.shape == rows.shape[:1] and np.all(np.isfinite(rows))
    if not fits or not np.all((columns >= 0) & (columns < NUM_EMOTIONS)):
        raise EmoAsstError(f"Features {rows.shape} and labels {columns.shape} do not fit together, or hold values out of range.")
    return rows, columns.astype(np.int64)


def _accuracy(labels: Labels, predictions: Labels) -> float:
    return float(np.mean(labels == predictions))
