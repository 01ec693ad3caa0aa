"""How far so few held-out voices can judge a calibration at all, and whether another sharpness would do better.

The calibration error of few clips is large even if every probability is exactly right, because a bin of seven clips is hardly
ever right in just the share that it should be. So next to the error stands what chance alone would show, for the same readings
made sharper and softer, and for more clips of the same kind.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.evaluation.metrics import expected_calibration_error

SHARPNESS: Final = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
CLIPS: Final = (100, 200, 400, 800, 1600, 3200)
Probs = NDArray[np.float32]


def errors_by_chance(probs: Probs, num_draws: int = 200, seed: int = 0) -> NDArray[np.float64]:
    """(num_draws,) calibration errors that these readings would show if every probability were exactly right.

    Args:
        probs: (n, num_emotions), rows sum to 1.
    """
    rng = np.random.default_rng(seed)
    draws = rng.random((num_draws, len(probs), 1))
    labels = (probs.cumsum(1)[None] < draws * probs.sum(1)[None, :, None]).sum(2)
    return np.array([expected_calibration_error(row.clip(0, probs.shape[1] - 1), probs) for row in labels])


def ece_by_chance(probs: Probs, num_draws: int = 200, seed: int = 0) -> float:
    """Mean of `errors_by_chance`."""
    return round(float(errors_by_chance(probs, num_draws, seed).mean()), 4)


def sharpened(probs: Probs, power: float) -> Probs:
    """Every row to a power and divided by its sum: as a temperature of 1 / power would."""
    raised = np.power(probs, power)
    return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)


def sharpness_curve(probs: Probs, labels: NDArray[np.int64]) -> list[dict[str, Any]]:
    """For each of `SHARPNESS` the calibration error, its mean by chance, and what chance stays under in 95 of 100 draws."""
    curve = []
    for power in SHARPNESS:
        changed = sharpened(probs, power)
        chance = errors_by_chance(changed)
        curve.append(
            {
                "power": power,
                "ece": round(expected_calibration_error(labels, changed), 4),
                "by_chance": round(float(chance.mean()), 4),
                "by_chance_95": round(float(np.quantile(chance, 0.95)), 4),
            }
        )
    return curve


def clips_to_judge(probs: Probs, seed: int = 0) -> dict[str, float]:
    """For each number of `CLIPS` the mean calibration error by chance, the readings drawn from these with replacement."""
    rng = np.random.default_rng(seed)
    return {str(count): ece_by_chance(probs[rng.integers(0, len(probs), count)], 50, seed) for count in CLIPS}
