"""How likely an answer was given by mistake, from what the person's other clips and the model say of it.

Either opinion is believed as far as it has proved right on this person's own clips. With p_model what the model says of clip i
and gain what the other clips add to its logarithms, the emotion of a clip is read as

    p_i ~ exp(a log p_model + b gain)

Both exponents are unknown. They begin at what they usually are, and the answers move them, each of them wrong with chance e:

    log P(a, b | answers) = log N(log a) + log N(log b) + sum_i w_i log[(1 - e_i) p_i(y_i) + e_i (1 - p_i(y_i)) / 6]

A person whom both opinions read badly gets small exponents: p_i is then nearly even, and hardly an answer is doubted. With few
answers the exponents stay where they began. The doubt is 1 - `label_trust` of p_i(y_i), averaged over all a and b.
The usual exponents and their spread were chosen on 19 people who are in no test (actors of RAVDESS, EMO-DB and nEMO, each
read by voice towers that never heard them).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.shot_weights import label_trust
from emoasst_core.emotions import NUM_EMOTIONS

LOOK_AGAIN: Final = 0.5  # an answer more likely wrong than right is asked about
LEAST_OTHERS: Final = 3.0  # with fewer other clips nothing is doubted: the model alone is no reason to ask
USUAL_MODEL, MODEL_SPREAD = 0.7, 0.3  # a: median, and standard deviation of its logarithm
USUAL_GAIN, GAIN_SPREAD = 0.3, 0.5  # b
GRID: Final = np.exp(np.linspace(np.log(0.05), np.log(2.0), 12))
SMALLEST_PROB: Final = 1e-9
Array = NDArray[np.float64]


def label_doubts(personal: Array, model: Array, labels: Array, errors: Array, weights: Array) -> Array:
    """(n,) chance that each answer is a mistake; 0 for clips that neither opinion reads, and for all where too few are read.

    Args:
        personal: (n, num_emotions) what the model and the other clips together say of each, NaN where nothing is said.
        model: (n, num_emotions) the same of the model alone.
        labels: (n, num_emotions) the answers, rows sum to 1.
        errors: (n,) how often such an answer is wrong.
        weights: (n,) what each clip counts for.
    """
    doubts: Array = np.zeros(len(labels))
    told = np.isfinite(personal).all(1)
    if weights[told].sum() < LEAST_OTHERS + 1:
        return doubts
    own = np.log(np.maximum(model[told], SMALLEST_PROB))
    gains = np.log(np.maximum(personal[told], SMALLEST_PROB)) - own
    exponents = np.array([(a, b) for a in GRID for b in GRID])
    given = np.array([_given(a * own + b * gains, labels[told]) for a, b in exponents])  # (g, n)
    error = errors[told]
    likelihood = np.log((1 - error) * given + error * (1 - given) / (NUM_EMOTIONS - 1)) @ weights[told]
    posterior = likelihood + _prior(exponents[:, 0], USUAL_MODEL, MODEL_SPREAD) + _prior(exponents[:, 1], USUAL_GAIN, GAIN_SPREAD)
    shares = np.exp(posterior - posterior.max())
    doubts[told] = 1 - shares @ label_trust(given, error) / shares.sum()
    return doubts


def _given(scores: Array, labels: Array) -> Array:
    """(n,) probability of the answers under scores (n, c)."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    result: Array = (powers * labels).sum(1) / powers.sum(1)
    return result


def _prior(exponents: Array, usual: float, spread: float) -> Array:
    return -0.5 * (np.log(exponents / usual) / spread) ** 2
