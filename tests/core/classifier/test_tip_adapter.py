"""The formula of the cache against plain loops in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from emoasst_core.classifier.tip_adapter import affinity, cache_logits, weigh_values
from emoasst_core.errors import CacheError

Array = NDArray[np.float64]


def units(source: np.random.Generator, *shape: int) -> Array:
    rows = source.normal(size=shape)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def by_loops(query: Array, keys: Array, values: Array, beta: float) -> list[float]:
    totals = [0.0] * values.shape[1]
    for key, value in zip(keys, values, strict=True):
        cosine = sum(float(a) * float(b) for a, b in zip(query, key, strict=True))
        weight = math.exp(-beta * (1.0 - cosine))
        for column in range(values.shape[1]):
            totals[column] += weight * float(value[column])
    return totals


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("beta", [0.5, 5.5, 24.0])
@pytest.mark.parametrize("num_shots", [1, 40, 900])
def test_cache_logits_agree_with_plain_loops(num_shots: int, beta: float, dtype: type[np.floating]) -> None:
    source = np.random.default_rng(num_shots)
    queries, keys = units(source, 3, 16).astype(dtype), units(source, num_shots, 16).astype(dtype)
    values = source.dirichlet(np.ones(7), num_shots).astype(dtype)
    expected = np.array([by_loops(query, keys, values, beta) for query in queries])
    np.testing.assert_allclose(cache_logits(queries, keys, values, beta), expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(cache_logits(queries[0], keys, values, beta), expected[0], atol=1e-5, rtol=0)


def test_one_query_gives_one_row_and_many_give_many() -> None:
    source = np.random.default_rng(0)
    keys, values = units(source, 5, 4), np.eye(3)[[0, 1, 2, 0, 1]]
    assert cache_logits(units(source, 4), keys, values, 2.0).shape == (3,)
    assert cache_logits(units(source, 6, 4), keys, values, 2.0).shape == (6, 3)


@pytest.mark.parametrize(("query_shape", "expected_shape"), [((4,), (7,)), ((2, 4), (2, 7))])
def test_an_empty_cache_says_nothing(query_shape: tuple[int, ...], expected_shape: tuple[int, ...]) -> None:
    logits = cache_logits(np.ones(query_shape), np.zeros((0, 4)), np.zeros((0, 7)), 5.5)
    np.testing.assert_array_equal(logits, np.zeros(expected_shape))


def test_the_very_shot_counts_one_and_the_opposite_next_to_nothing() -> None:
    key = np.array([[0.6, 0.8]])
    assert cache_logits(key[0], key, np.array([[0.0, 1.0]]), 5.5) == pytest.approx([0.0, 1.0])
    assert cache_logits(-key[0], key, np.array([[0.0, 1.0]]), 5.5)[1] == pytest.approx(math.exp(-11))


def test_the_same_formula_serves_tensors_and_passes_their_gradient() -> None:
    source = np.random.default_rng(3)
    query, keys, values = units(source, 2, 5), units(source, 4, 5), np.eye(3)[[0, 1, 2, 0]]
    tensor = torch.from_numpy(keys).requires_grad_()
    weighed = weigh_values(torch.from_numpy(query), tensor, torch.from_numpy(values), 5.5)
    np.testing.assert_allclose(weighed.detach().numpy(), cache_logits(query, keys, values, 5.5))
    weighed.sum().backward()
    assert tensor.grad is not None
    # d exp(-beta (1 - q.k)) / dk = beta affinity q
    expected = 5.5 * affinity(query @ keys.T, 5.5).T @ query
    np.testing.assert_allclose(tensor.grad.numpy(), expected)


@pytest.mark.parametrize(
    ("query", "keys", "values"),
    [((5,), (3, 4), (3, 7)), ((4,), (3, 4), (2, 7)), ((4,), (4,), (7,)), ((1, 2, 4), (3, 4), (3, 7)), ((), (3, 4), (3, 7))],
)
def test_shapes_that_do_not_fit_are_refused(query: tuple[int, ...], keys: tuple[int, ...], values: tuple[int, ...]) -> None:
    with pytest.raises(CacheError, match="do not fit"):
        cache_logits(np.ones(query), np.ones(keys), np.ones(values), 5.5)
