"""Tip-Adapter-F: training moves the keys so that more clips are named right."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from emoasst_core.classifier.tip_adapter import cache_logits
from emoasst_core.classifier.tip_adapter_f import TipAdapterF, TipAdapterFOptions
from emoasst_core.errors import CacheError, ConfigError

OPTIONS = TipAdapterFOptions(num_epochs=40, learning_rate=0.01, batch_size=64)


def noisy_clusters(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    centres = np.random.default_rng(7).normal(size=(7, 16))
    source = np.random.default_rng(seed)
    labels = np.arange(count) % 7
    rows = centres[labels] + 1.2 * source.normal(size=(count, 16))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), labels


def accuracy(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return float(np.mean(logits.argmax(1) == labels))


def test_untrained_it_is_the_plain_cache_beside_the_zero_shot_logits() -> None:
    keys, labels = noisy_clusters(14, 0)
    queries, _ = noisy_clusters(5, 1)
    zero_shot = np.random.default_rng(0).normal(size=(5, 7))
    expected = zero_shot + 2.0 * cache_logits(queries, keys, np.eye(7)[labels], 5.5)
    np.testing.assert_allclose(TipAdapterF(keys, np.eye(7)[labels], 2.0, 5.5).logits(queries, zero_shot), expected)


def test_training_lowers_the_loss_and_names_more_held_out_clips() -> None:
    keys, key_labels = noisy_clusters(14, 0)
    train, labels = noisy_clusters(350, 1)
    held_out, held_out_labels = noisy_clusters(350, 2)
    adapter = TipAdapterF(keys, np.eye(7)[key_labels], 5.0, 3.0)
    before = accuracy(adapter.logits(held_out, np.zeros((350, 7))), held_out_labels)
    losses = adapter.fit(train, labels, np.zeros((350, 7)), OPTIONS)
    after = accuracy(adapter.logits(held_out, np.zeros((350, 7))), held_out_labels)
    assert losses[-1] < losses[0]
    assert len(losses) == 40
    assert after > before + 0.05
    np.testing.assert_allclose(np.linalg.norm(adapter.cache_keys, axis=1), 1.0)


def test_the_same_seed_gives_the_same_keys_and_the_callers_keys_stay_as_they_were() -> None:
    keys, labels = noisy_clusters(14, 0)
    original = keys.copy()
    trained = []
    for _ in range(2):
        adapter = TipAdapterF(keys, np.eye(7)[labels], 5.0, 3.0)
        adapter.fit(*noisy_clusters(70, 1), np.zeros((70, 7)), TipAdapterFOptions(num_epochs=2))
        trained.append(adapter.cache_keys)
    np.testing.assert_array_equal(trained[0], trained[1])
    np.testing.assert_array_equal(keys, original)
    assert np.abs(trained[0] - original).max() > 1e-4


def test_what_does_not_fit_is_refused() -> None:
    keys, labels = noisy_clusters(14, 0)
    adapter = TipAdapterF(keys, np.eye(7)[labels], 1.0, 5.5)
    with pytest.raises(CacheError, match="do not fit"):
        adapter.fit(keys, labels[:5], np.zeros((14, 7)))
    with pytest.raises(CacheError, match="do not fit"):
        adapter.fit(keys[:, :3], labels, np.zeros((14, 7)))
    with pytest.raises(CacheError, match="no cache"):
        TipAdapterF(np.zeros((0, 4)), np.zeros((0, 7)), 1.0, 5.5)
    with pytest.raises(ConfigError):
        TipAdapterFOptions(num_epochs=0)
