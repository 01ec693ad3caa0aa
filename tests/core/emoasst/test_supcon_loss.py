"""The contrastive losses against plain loops in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from emoasst_core.emoasst.supcon_loss import info_nce_loss, supcon_loss
from emoasst_core.errors import EmoAsstError

Matrix = NDArray[np.float64]


def unit_rows(matrix: Matrix) -> Matrix:
    return np.stack([row / math.sqrt(sum(value * value for value in row)) for row in matrix])


def dot(left: Matrix, right: Matrix) -> float:
    return sum(float(a) * float(b) for a, b in zip(left, right, strict=True))


def supcon_by_loops(features: Matrix, labels: list[int], temperature: float) -> float:
    rows, losses = unit_rows(features), []
    for i in range(len(rows)):
        others = [a for a in range(len(rows)) if a != i]
        positives = [p for p in others if labels[p] == labels[i]]
        if not positives:
            continue
        normaliser = sum(math.exp(dot(rows[i], rows[a]) / temperature) for a in others)
        losses.append(
            -sum(math.log(math.exp(dot(rows[i], rows[p]) / temperature) / normaliser) for p in positives) / len(positives)
        )
    return sum(losses) / len(losses)


def info_nce_by_loops(a: Matrix, b: Matrix, labels: list[int], temperature: float) -> float:
    total = 0.0
    for left, right in ((unit_rows(a), unit_rows(b)), (unit_rows(b), unit_rows(a))):
        for i in range(len(left)):
            normaliser = sum(math.exp(dot(left[i], other) / temperature) for other in right)
            partners = [j for j in range(len(right)) if labels[j] == labels[i]]
            chances = [math.exp(dot(left[i], right[j]) / temperature) / normaliser for j in partners]
            total -= sum(math.log(chance) for chance in chances) / len(partners) / len(left) / 2
    return total


def sample(seed: int, count: int = 18) -> tuple[Matrix, Matrix, list[int]]:
    source = np.random.default_rng(seed)
    return source.normal(size=(count, 12)), source.normal(size=(count, 12)), source.integers(0, 4, count).tolist()


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_supcon_agrees_with_equation_1_written_as_loops(seed: int, temperature: float) -> None:
    a, b, labels = sample(seed)
    features, both = np.concatenate([a, b]), labels + labels
    found = float(supcon_loss(torch.from_numpy(features).float(), torch.tensor(both), temperature))
    assert found == pytest.approx(supcon_by_loops(features, both, temperature), abs=1e-5)


def test_anchors_without_a_partner_are_skipped_and_give_no_bad_gradient() -> None:
    a, _, _ = sample(5, count=5)
    labels = [0, 0, 1, 2, 0]
    features = torch.from_numpy(a).float().requires_grad_()
    loss = supcon_loss(features, torch.tensor(labels))
    assert float(loss.detach()) == pytest.approx(supcon_by_loops(a, labels, 0.07), abs=1e-5)
    loss.backward()
    assert features.grad is not None
    assert bool(features.grad.isfinite().all())


@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_without_any_pair_costs_nothing(count: int) -> None:
    features = torch.randn(count, 4, requires_grad=True)
    loss = supcon_loss(features, torch.arange(count))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert features.grad is not None
    assert bool((features.grad == 0).all())


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_info_nce_agrees_with_plain_loops_with_one_and_with_many_partners(seed: int, temperature: float) -> None:
    a, b, labels = sample(seed)
    left, right = torch.from_numpy(a).float(), torch.from_numpy(b).float()
    many = float(info_nce_loss(left, right, torch.tensor(labels), temperature))
    assert many == pytest.approx(info_nce_by_loops(a, b, labels, temperature), abs=1e-5)
    single = float(info_nce_loss(left, right, temperature=temperature))
    assert single == pytest.approx(info_nce_by_loops(a, b, list(range(len(a))), temperature), abs=1e-5)


def test_without_labels_it_is_the_cross_entropy_of_clip() -> None:
    a, b, _ = sample(9)
    left, right = torch.from_numpy(a), torch.from_numpy(b)
    scores = torch.nn.functional.normalize(left, dim=1) @ torch.nn.functional.normalize(right, dim=1).T / 0.07
    targets = torch.arange(len(a))
    expected = (torch.nn.functional.cross_entropy(scores, targets) + torch.nn.functional.cross_entropy(scores.T, targets)) / 2
    assert float(info_nce_loss(left, right)) == pytest.approx(float(expected), abs=1e-5)


def test_the_order_of_the_rows_does_not_matter() -> None:
    a, b, labels = sample(3)
    order = torch.randperm(len(a), generator=torch.Generator().manual_seed(0))
    left, right, classes = torch.from_numpy(a), torch.from_numpy(b), torch.tensor(labels)
    torch.testing.assert_close(supcon_loss(left[order], classes[order]), supcon_loss(left, classes), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        info_nce_loss(left[order], right[order], classes[order]), info_nce_loss(left, right, classes), atol=1e-5, rtol=0
    )


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(EmoAsstError, match="do not fit"):
        supcon_loss(torch.randn(4, 3), torch.zeros(5))
    with pytest.raises(EmoAsstError, match="do not fit"):
        info_nce_loss(torch.randn(4, 3), torch.randn(4, 2))
