"""The three classifiers over fused features: support vectors, boosted trees, a network of two layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ConfigError, ModelError
from emoasst_core.systems.folds import speaker_folds

CLASSIFIERS: Final = ("svm", "xgboost", "network")
STRENGTHS: Final = (1.0, 10.0)  # of the SVM's C, chosen by inner folds of speakers
HIDDEN: Final = 256
Matrix = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


class Classifier(Protocol):
    """Anything with `predict`."""

    def predict(self, features: Matrix) -> Any:
        """(n, d) -> (n,) emotion columns."""


def fit_classifier(
    kind: str, features: Matrix, labels: Labels, speakers: Sequence[str], seed: int = 0, size: str = "full"
) -> Any:
    """Fit one of the three.

    Args:
        kind: one of `CLASSIFIERS`.
        features, labels, speakers: (n, d), (n,), (n,); speakers part the inner folds that choose the SVM's C.
        seed: of trees and network.
        size: "full" boosts 300 rounds of depth 6, "small" 40 of depth 3.

    Raises:
        ConfigError: another kind.
        ModelError: xgboost is not installed.
    """
    if kind == "svm":
        return fit_svm(features, labels, speakers)
    if kind == "xgboost":
        return _fit_trees(features, labels, seed, size)
    if kind == "network":
        return TwoLayers(seed).fit(features, labels)
    raise ConfigError(f"Unknown classifier {kind!r}.", f"Known: {', '.join(CLASSIFIERS)}.")


def fit_svm(features: Matrix, labels: Labels, speakers: Sequence[str]) -> Any:
    """Standardised RBF support vectors; C by macro recall over three inner folds of speakers (fewer where there are fewer)."""
    strength = STRENGTHS[0]
    if (num_folds := min(3, len(set(speakers)))) > 1:
        scores = []
        for candidate in STRENGTHS:
            found = []
            for own, held in speaker_folds(speakers, num_folds):
                predicted = _svm(candidate).fit(features[own], labels[own]).predict(features[held])
                found.append(macro_recall(labels[held], predicted))
            scores.append(float(np.mean(found)))
        strength = STRENGTHS[int(np.argmax(scores))]
    return _svm(strength).fit(features, labels)


def macro_recall(labels: Labels, predicted: Any) -> float:
    """Mean recall over the classes that occur."""
    return float(np.mean([np.mean(np.asarray(predicted)[labels == column] == column) for column in np.unique(labels)]))


def _svm(strength: float) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(C=strength, kernel="rbf", gamma="scale", class_weight="balanced"))


class Trees:
    """xgboost over the classes there are (it wants them numbered without gaps)."""

    def __init__(self, seed: int, rounds: int, depth: int) -> None:
        try:
            from xgboost import XGBClassifier
        except ImportError as error:
            raise ModelError("xgboost is not installed.", "pip install xgboost, or leave that classifier out.") from error
        self._model = XGBClassifier(n_estimators=rounds, max_depth=depth, random_state=seed, n_jobs=1, tree_method="hist")
        self._classes = np.zeros(0, np.int64)

    def fit(self, features: Matrix, labels: Labels) -> Trees:
        """Fit and return itself."""
        self._classes, numbers = np.unique(labels, return_inverse=True)
        self._model.fit(features, numbers)
        return self

    def predict(self, features: Matrix) -> Labels:
        """(n, d) -> (n,) emotion columns."""
        return np.asarray(self._classes[np.asarray(self._model.predict(features), np.int64)], np.int64)


def _fit_trees(features: Matrix, labels: Labels, seed: int, size: str) -> Trees:
    rounds, depth = (300, 6) if size == "full" else (40, 3)
    return Trees(seed, rounds, depth).fit(features, labels)


class TwoLayers:
    """A hidden layer of 256 and an output layer, on standardised features."""

    def __init__(self, seed: int, num_epochs: int = 30) -> None:
        self._seed, self._num_epochs = seed, num_epochs
        self._network: nn.Sequential | None = None
        self._mean = self._spread = np.zeros(0)

    def fit(self, features: Matrix, labels: Labels) -> TwoLayers:
        """Fit and return itself."""
        torch.manual_seed(self._seed)
        self._mean, self._spread = features.mean(0), np.maximum(features.std(0), 1e-6)
        inputs, targets = torch.from_numpy((features - self._mean) / self._spread).float(), torch.from_numpy(labels)
        network = nn.Sequential(nn.Linear(inputs.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, NUM_EMOTIONS))
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
        for _ in range(self._num_epochs):
            for rows in torch.split(torch.randperm(len(inputs)), 64):
                optimizer.zero_grad()
                F.cross_entropy(network(inputs[rows]), targets[rows]).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        self._network = network.eval()
        return self

    def predict(self, features: Matrix) -> Labels:
        """(n, d) -> (n,) emotion columns."""
        assert self._network is not None
        with torch.inference_mode():
            scores = self._network(torch.from_numpy((features - self._mean) / self._spread).float())
        return np.asarray(scores.argmax(1).numpy(), np.int64)
