"""What few clips can say of a calibration."""

import numpy as np
import pytest

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.training.starter.model_card import _sharpness
from emoasst_core.training.starter.sharpness import (
    CLIPS,
    SHARPNESS,
    clips_to_judge,
    ece_by_chance,
    errors_by_chance,
    sharpened,
    sharpness_curve,
)


@pytest.fixture(scope="module")
def right_probs() -> np.ndarray:
    return np.random.default_rng(1).dirichlet(np.ones(NUM_EMOTIONS), 5000).astype(np.float32)


def labels_drawn_from(probs: np.ndarray, seed: int = 0) -> np.ndarray:
    return (probs.cumsum(1) < np.random.default_rng(seed).random((len(probs), 1))).sum(1).clip(0, NUM_EMOTIONS - 1)


def test_few_clips_show_a_calibration_error_though_every_probability_is_right(right_probs):
    assert ece_by_chance(right_probs[:100], 50) > 3 * ece_by_chance(right_probs, 50)
    counts = clips_to_judge(right_probs)
    assert list(counts) == [str(count) for count in CLIPS]
    assert sorted(counts.values(), reverse=True) == list(counts.values())


def test_the_curve_is_lowest_where_the_probabilities_are_right(right_probs):
    shipped = sharpened(right_probs, 1.25)  # as a tower that is too sure says it
    curve = {row["power"]: row for row in sharpness_curve(shipped, labels_drawn_from(right_probs))}
    assert list(curve) == list(SHARPNESS)
    assert min(curve, key=lambda power: curve[power]["ece"]) == 0.8
    assert curve[0.8]["ece"] <= curve[0.8]["by_chance_95"] < curve[2.0]["ece"]


def test_chance_alone_stays_below_its_own_bound_in_most_draws(right_probs):
    few = right_probs[:104]
    bound = sharpness_curve(few, labels_drawn_from(few))[SHARPNESS.index(1.0)]["by_chance_95"]
    assert 0.9 < (errors_by_chance(few, 300, seed=9) <= bound).mean() <= 0.99


def test_a_power_keeps_the_answer_and_the_sum(right_probs):
    for power in SHARPNESS:
        changed = sharpened(right_probs, power)
        assert (changed.argmax(1) == right_probs.argmax(1)).all()
        assert changed.sum(1) == pytest.approx(1, abs=1e-5)
    assert sharpened(right_probs, 1.0) == pytest.approx(right_probs, abs=1e-6)


def test_the_card_shows_the_curve(right_probs):
    labels = labels_drawn_from(right_probs)
    lines = _sharpness({"voices": sharpness_curve(right_probs[:104], labels[:104])}, clips_to_judge(right_probs))
    rows = [line for line in lines if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    assert rows[-1].startswith("| voices | ")
    assert "3200 clips 0.0" in lines[-1]
