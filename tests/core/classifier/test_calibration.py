"""Calibration: it recovers known temperatures, helps held-out clips, and says which sets of modalities it knows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration, fit_vector_scaling, modality_key
from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ModelError

Array = NDArray[np.float64]
FACE, VOICE, WORDS = Modality.FACE, Modality.VOICE, Modality.WORDS


def softmax(scores: Array) -> Array:
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def nll(probs: Array, labels: NDArray[np.int64]) -> float:
    return float(-np.log(probs[np.arange(len(labels)), labels]).mean())


def drawn(count: int, temperature: Array, bias: Array, seed: int = 0) -> tuple[Array, NDArray[np.int64]]:
    """Logits, and labels drawn from the probabilities that this temperature and bias make of them."""
    source = np.random.default_rng(seed)
    logits = 6 * source.normal(size=(count, NUM_EMOTIONS))
    probs = softmax(logits / temperature + bias)
    return logits, np.array([source.choice(NUM_EMOTIONS, p=row) for row in probs])


def test_it_finds_the_temperatures_and_biases_that_made_the_labels() -> None:
    temperature = np.array([3.0, 2.0, 4.0, 2.5, 3.5, 3.0, 5.0])
    bias = np.array([1.0, 0.5, 0.0, -0.5, 0.0, 0.0, -1.0])
    logits, labels = drawn(20_000, temperature, bias)
    found, shift = fit_vector_scaling(logits, labels)
    np.testing.assert_allclose(found, temperature, rtol=0.1)
    np.testing.assert_allclose(shift - shift.mean(), bias - bias.mean(), atol=0.12)


def test_overconfident_answers_become_honest_on_clips_it_was_not_fitted_on() -> None:
    temperature, bias = np.full(NUM_EMOTIONS, 4.0), np.zeros(NUM_EMOTIONS)
    calibration = Calibration().fit(*drawn(400, temperature, bias), [FACE])
    logits, labels = drawn(2000, temperature, bias, seed=1)
    calibrated = calibration.predict(logits, [FACE]).astype(np.float64)
    best_possible = nll(softmax(logits / 4.0), labels)
    assert nll(calibrated, labels) < best_possible + 0.02
    assert nll(softmax(logits), labels) > best_possible + 0.5


@pytest.mark.parametrize("scale", [1e-4, 0.01, 1000.0])
def test_logits_of_any_scale_can_be_calibrated(scale: float) -> None:
    logits, labels = drawn(2000, np.full(NUM_EMOTIONS, 4.0), np.zeros(NUM_EMOTIONS))
    expected = Calibration().fit(logits, labels, [FACE]).predict(logits, [FACE])
    scaled = Calibration().fit(logits * scale, labels, [FACE]).predict(logits * scale, [FACE])
    np.testing.assert_allclose(scaled, expected, atol=1e-3)


def test_few_or_separable_clips_do_not_make_it_certain() -> None:
    logits = 8 * np.eye(NUM_EMOTIONS)
    calibration = Calibration().fit(logits, np.arange(NUM_EMOTIONS), [FACE])
    assert calibration.predict(logits, [FACE]).max() < 0.95


def test_an_emotion_without_clips_keeps_the_shared_temperature() -> None:
    logits, labels = drawn(3000, np.full(NUM_EMOTIONS, 3.0), np.zeros(NUM_EMOTIONS))
    kept = labels != 6
    temperature, _ = fit_vector_scaling(logits[kept], labels[kept])
    assert np.all((temperature[:6] > 2.5) & (temperature[:6] < 3.5))
    assert np.isfinite(temperature).all()


def test_soft_labels_that_are_one_hot_give_the_same_as_columns() -> None:
    logits, labels = drawn(300, np.full(NUM_EMOTIONS, 2.0), np.zeros(NUM_EMOTIONS))
    for hard, soft in zip(fit_vector_scaling(logits, labels), fit_vector_scaling(logits, np.eye(7)[labels]), strict=True):
        np.testing.assert_allclose(hard, soft, atol=1e-6)


def test_probabilities_are_those_of_the_formula_and_sum_to_one() -> None:
    temperature, bias = np.linspace(1, 2, 7), np.linspace(-1, 1, 7)
    logits = np.random.default_rng(0).normal(size=(5, 7))
    probs = Calibration({"face": temperature}, {"face": bias}).predict(logits, [FACE])
    np.testing.assert_allclose(probs, softmax(logits / temperature + bias), atol=1e-6)
    single = Calibration({"face": temperature}, {"face": bias}).predict(logits[0], [FACE])
    assert single.shape == (7,)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, probs[0])


def test_huge_logits_do_not_overflow() -> None:
    probs = Calibration().predict(np.array([1e5, 0, 0, 0, 0, 0, -1e5]), [FACE])
    np.testing.assert_allclose(probs, np.eye(7)[0])


def test_every_set_of_modalities_has_its_own_and_an_unknown_one_takes_its_largest_known_part() -> None:
    calibration = Calibration({"face": 2.0, "voice": 4.0, "face+voice": 8.0})
    logits = np.arange(7.0)
    for modalities, temperature in (
        ({FACE}, 2.0),
        ({VOICE}, 4.0),
        ({VOICE, FACE}, 8.0),
        ({FACE, VOICE, WORDS}, 8.0),
        ({VOICE, WORDS}, 4.0),
        ({WORDS}, 1.0),
    ):
        expected = softmax(logits[None] / temperature)[0]
        np.testing.assert_allclose(calibration.predict(logits, modalities), expected, atol=1e-6)


def test_fitting_one_set_leaves_the_others_and_the_original_alone() -> None:
    original = Calibration({"face": 2.0})
    fitted = original.fit(*drawn(100, np.full(7, 3.0), np.zeros(7)), [VOICE, FACE])
    assert set(original.temperatures) == {"face"}
    assert set(fitted.temperatures) == {"face", "face+voice"}
    assert fitted.temperatures["face"] == 2.0


def test_it_survives_being_written_to_json() -> None:
    fitted = Calibration({"voice": 2.0}).fit(*drawn(100, np.full(7, 3.0), np.zeros(7)), [FACE])
    again = Calibration.from_dict(json.loads(json.dumps(fitted.as_dict())))
    logits = np.arange(7.0)
    for modalities in ([FACE], [VOICE]):
        np.testing.assert_array_equal(again.predict(logits, modalities), fitted.predict(logits, modalities))


def test_the_name_of_a_set_does_not_depend_on_its_order() -> None:
    assert modality_key([WORDS, VOICE, FACE]) == modality_key({FACE, VOICE, WORDS}) == "face+voice+words"


@pytest.mark.parametrize(
    "values",
    [
        {"smell": {"temperature": 1.0}},
        {"voice+face": {"temperature": 1.0}},
        {"face": {"temperature": 0.0}},
        {"face": {"temperature": -1.0}},
        {"face": {"temperature": [1.0, 2.0]}},
        {"face": {"temperature": 1.0, "bias": [0.0]}},
        {"face": {"temperature": "warm"}},
        {"face": {"bias": [0.0] * 7}},
        {"face": 1.0},
    ],
)
def test_a_calibration_that_cannot_be_meant_is_refused(values: dict[str, dict[str, object]]) -> None:
    with pytest.raises(ModelError):
        Calibration.from_dict(values)


def test_what_cannot_be_calibrated_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot be calibrated"):
        Calibration().predict(np.full(7, np.nan), [FACE])
    with pytest.raises(ModelError, match="cannot be calibrated"):
        Calibration().predict(np.zeros(6), [FACE])
    with pytest.raises(ModelError, match="cannot be calibrated"):
        Calibration().fit(np.zeros((0, 7)), np.zeros(0, int), [FACE])
    with pytest.raises(ModelError, match="columns"):
        Calibration().fit(np.zeros((1, 7)), np.array([7]), [FACE])


def test_easy_and_hard_people_together_are_read_as_surely_as_they_are_right() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, NUM_EMOTIONS, 4000)
    clearness = np.where(np.arange(4000) < 1600, 2.5, 0.0)[:, None]  # of many people nothing can be read
    logits = 3 * (clearness * np.eye(NUM_EMOTIONS)[labels] + rng.normal(size=(4000, NUM_EMOTIONS)))
    fitted = Calibration().fit(logits, labels, [Modality.VOICE])
    honest = fitted.with_honest_confidence(logits, labels, [Modality.VOICE])
    probs = honest.predict(logits, [Modality.VOICE])
    assert probs.max(1).mean() == pytest.approx((probs.argmax(1) == labels).mean(), abs=1e-3)
    before = fitted.predict(logits, [Modality.VOICE])
    np.testing.assert_array_equal(before.argmax(1), probs.argmax(1))
    assert abs(before.max(1).mean() - (before.argmax(1) == labels).mean()) > 0.03


def test_honest_confidence_leaves_the_other_sets_alone() -> None:
    rng = np.random.default_rng(6)
    logits, labels = rng.normal(size=(300, NUM_EMOTIONS)), rng.integers(0, NUM_EMOTIONS, 300)
    fitted = Calibration().fit(logits, labels, [Modality.VOICE]).fit(logits, labels, [Modality.FACE])
    honest = fitted.with_honest_confidence(logits, labels, [Modality.VOICE])
    np.testing.assert_array_equal(honest.predict(logits, [Modality.FACE]), fitted.predict(logits, [Modality.FACE]))
