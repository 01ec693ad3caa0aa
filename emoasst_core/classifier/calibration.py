"""Calibration: from logits to probabilities that mean what they say, for each set of modalities by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ModelError

PRIOR_CLIPS = 5.0  # the pull towards one shared temperature and no bias weighs as much as this many clips
SHARED_PULL = 0.1  # ... and the pull of that temperature towards the spread of the logits, where answers are mild, a tenth of it
LOG_BOUND = 7.0  # temperatures stay within exp(-7) and exp(7) times the spread
GRADIENT_TOLERANCE = 1e-3
MOST_COOLING = 8.0  # times the fitted temperature
NUM_HALVINGS = 40

Array = NDArray[np.float64]


def modality_key(modalities: Iterable[Modality]) -> str:
    """Name of a set of modalities.

    >>> modality_key([Modality.VOICE, Modality.FACE])
    'face+voice'
    """
    wanted = set(modalities)
    return "+".join(modality.value for modality in Modality if modality in wanted)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Vector scaling (Guo et al. 2017): probs = softmax(logits / temperature + bias), each emotion with its own two numbers.

    Attributes:
        temperatures: {modality_key: one number or (num_emotions,), more than 0}.
        biases: {modality_key: (num_emotions,)}; zeros where there is none.

    Raises:
        ModelError: a key names no set of modalities, a temperature is not positive, or a length is wrong.
    """

    temperatures: Mapping[str, float | Vector | Array] = field(default_factory=dict)
    biases: Mapping[str, Vector | Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in (*self.temperatures, *self.biases):
            known = {modality.value for modality in Modality}
            parts = key.split("+")
            if not set(parts) <= known or modality_key(map(Modality, parts)) != key or key not in self.temperatures:
                raise ModelError(f"The calibration of {key!r} is of no known set of modalities, or lacks its temperature.")
            temperature, bias = np.asarray(self.temperatures[key]), np.asarray(self.biases.get(key, np.zeros(NUM_EMOTIONS)))
            if temperature.shape not in ((), (NUM_EMOTIONS,)) or bias.shape != (NUM_EMOTIONS,):
                raise ModelError(f"The calibration of {key} needs {NUM_EMOTIONS} numbers.")
            if not np.all((temperature > 0) & (temperature < np.inf)) or not np.all(np.isfinite(bias)):
                raise ModelError(f"The calibration of {key} has a temperature that is not positive, or a bias that is no number.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Mapping[str, Any]]) -> Calibration:
        """Read what `as_dict` wrote; a set without "bias" has none.

        Raises:
            ModelError: as the constructor, or no "temperature".
        """
        try:
            temperatures = {key: np.asarray(part["temperature"], np.float64) for key, part in values.items()}
            biases = {key: np.asarray(part["bias"], np.float64) for key, part in values.items() if "bias" in part}
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("The calibration of this model cannot be read.", "Import the model again.") from error
        return cls(temperatures, biases)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """{modality_key: {"temperature": ..., "bias": [...]}}, ready for JSON."""
        return {
            key: {"temperature": np.asarray(temperature).tolist()}
            | ({"bias": np.asarray(self.biases[key]).tolist()} if key in self.biases else {})
            for key, temperature in self.temperatures.items()
        }

    def predict(self, logits: ArrayLike, modalities: Iterable[Modality]) -> Vector:
        """Probabilities of one query, or of many with the same modalities.

        A set without a calibration of its own takes that of its largest calibrated part ("face+voice+words" that of
        "face+voice"); where there is none, the plain softmax.

        Args:
            logits: (num_emotions,) or (n, num_emotions).
            modalities: those the logits were made from.

        Returns:
            The same shape, rows sum to 1.

        Raises:
            ModelError: the logits are of another length, or not finite.
        """
        scores = np.asarray(logits, np.float64)
        if scores.shape[-1:] != (NUM_EMOTIONS,) or not np.all(np.isfinite(scores)):
            raise ModelError(f"Logits of shape {scores.shape} cannot be calibrated: {NUM_EMOTIONS} finite numbers are needed.")
        key = self._closest(set(modalities))
        if key is not None:
            scores = scores / np.asarray(self.temperatures[key]) + np.asarray(self.biases.get(key, 0.0))
        return _softmax(scores).astype(np.float32)

    def fit(
        self, logits: ArrayLike, labels: ArrayLike, modalities: Iterable[Modality], prior_clips: float = PRIOR_CLIPS
    ) -> Calibration:
        """A calibration with one more set of modalities, fitted on held-out clips; this one stays as it is.

        Args:
            logits: (n, num_emotions) of clips that the model was not trained on.
            labels: (n,) emotion columns, or (n, num_emotions) soft labels.
            modalities: those the logits were made from.
            prior_clips: strength of the regularisation, see `PRIOR_CLIPS`.

        Raises:
            ModelError: shapes that do not fit, no clip, or a fit that did not settle.
        """
        temperature, bias = fit_vector_scaling(logits, labels, prior_clips)
        key = modality_key(modalities)
        return Calibration({**self.temperatures, key: temperature}, {**self.biases, key: bias})

    def with_honest_confidence(self, logits: ArrayLike, labels: ArrayLike, modalities: Iterable[Modality]) -> Calibration:
        """One set's temperatures and biases divided by one more temperature, such that the answers are as sure as they are right.

        The likeliest numbers of `fit` can be too sure or too shy where some people are read far better than others. Afterwards
        the mean of the highest probability equals the share of right answers.

        Args:
            logits, labels: (n, num_emotions) and (n,) emotion columns of clips that the model was not trained on.
            modalities: a set that has been fitted.
        """
        key = modality_key(modalities)
        temperature = np.asarray(self.temperatures[key], np.float64)
        bias = np.asarray(self.biases.get(key, np.zeros(NUM_EMOTIONS)), np.float64)
        scores = np.asarray(logits, np.float64) / temperature + bias
        share_right = float((scores.argmax(1) == np.asarray(labels)).mean())
        low, high = 1 / MOST_COOLING, MOST_COOLING
        for _ in range(NUM_HALVINGS):
            middle = math.sqrt(low * high)
            is_too_sure = float(_softmax(scores / middle).max(1).mean()) > share_right
            low, high = (middle, high) if is_too_sure else (low, middle)
        return Calibration({**self.temperatures, key: temperature * high}, {**self.biases, key: bias / high})

    def _closest(self, modalities: set[Modality]) -> str | None:
        parts = [key for key in self.temperatures if {Modality(name) for name in key.split("+")} <= modalities]
        return max(parts, key=lambda key: key.count("+"), default=None)


def fit_vector_scaling(logits: ArrayLike, labels: ArrayLike, prior_clips: float = PRIOR_CLIPS) -> tuple[Array, Array]:
    """Temperatures and biases of least regularised negative log-likelihood, by L-BFGS.

    With t = log(temperature / spread) and the spread the mean standard deviation within a row, the loss is

        mean NLL + prior_clips / n * ( |t - mean(t)|^2 + |bias|^2 + SHARED_PULL * n_classes * mean(t)^2 )

    so few or separable clips do not make it certain, emotions without clips keep the shared temperature, and logits may come at
    any scale.

    Returns:
        temperature (num_emotions,), bias (num_emotions,).

    Raises:
        ModelError: as `Calibration.fit`.
    """
    from scipy.optimize import minimize

    scores, targets = np.asarray(logits, np.float64), _soft(np.asarray(labels))
    if scores.ndim != 2 or not len(scores) or scores.shape != targets.shape or not np.all(np.isfinite(scores)):
        raise ModelError(f"Logits {scores.shape} and labels {targets.shape} cannot be calibrated.")
    spread = float(scores.std(1).mean()) or 1.0
    start = np.zeros(2 * NUM_EMOTIONS)
    bounds = [(-LOG_BOUND, LOG_BOUND)] * NUM_EMOTIONS + [(None, None)] * NUM_EMOTIONS
    found = minimize(
        _loss_and_gradient,
        start,
        args=(scores / spread, targets, prior_clips),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 1000, "ftol": 1e-14},  # flat where the logits say little: the gradient, not the gain, tells the end
    )
    inside = np.ones(len(start), bool)
    inside[:NUM_EMOTIONS] = np.abs(found.x[:NUM_EMOTIONS]) < LOG_BOUND
    if not np.all(np.isfinite(found.x)) or np.abs(found.jac[inside]).max(initial=0.0) > GRADIENT_TOLERANCE:
        raise ModelError(f"The calibration did not settle: {found.message}")
    return spread * np.exp(found.x[:NUM_EMOTIONS]), found.x[NUM_EMOTIONS:]


def _loss_and_gradient(values: Array, scores: Array, targets: Array, prior_clips: float) -> tuple[float, Array]:
    log_temperature, bias = np.split(values, 2)
    scaled = scores * np.exp(-log_temperature)
    log_probs = scaled + bias - _log_sum_exp(scaled + bias)
    surplus = (np.exp(log_probs) * targets.sum(1, keepdims=True) - targets) / len(scores)
    centre = log_temperature.mean()
    pull = prior_clips / len(scores)
    penalty = ((log_temperature - centre) ** 2).sum() + (bias**2).sum() + SHARED_PULL * NUM_EMOTIONS * centre**2
    loss = -(targets * log_probs).sum() / len(scores) + pull * penalty
    temperature_gradient = -(surplus * scaled).sum(0) + 2 * pull * (log_temperature - centre + SHARED_PULL * centre)
    return float(loss), np.concatenate([temperature_gradient, surplus.sum(0) + 2 * pull * bias])


def _soft(labels: NDArray[Any]) -> Array:
    if labels.ndim != 1:
        return labels.astype(np.float64)
    if not np.all((labels >= 0) & (labels < NUM_EMOTIONS)):
        raise ModelError(f"Labels must be emotion columns from 0 to {NUM_EMOTIONS - 1}.")
    return np.eye(NUM_EMOTIONS)[labels.astype(np.int64)]


def _log_sum_exp(scores: Array) -> Array:
    top = scores.max(-1, keepdims=True)
    result: Array = top + np.log(np.exp(scores - top).sum(-1, keepdims=True))
    return result


def _softmax(scores: Array) -> Array:
    result: Array = np.exp(scores - _log_sum_exp(scores))
    return result
