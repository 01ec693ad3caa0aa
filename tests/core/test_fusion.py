"""Fusion: what is absent is left out, and the trust is shared among the rest."""

from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.datatypes import Modality
from emoasst_core.errors import ConfigError, ModelError
from emoasst_core.fusion import fuse

FACE = np.array([3.0, 4.0], np.float32)
VOICE = np.array([0.0, 2.0], np.float32)
TRUST = {Modality.FACE: 2.0, Modality.VOICE: 1.0, Modality.WORDS: 1.0}


def test_present_modalities_become_unit_vectors_with_reliabilities_that_sum_to_one() -> None:
    query = fuse({Modality.VOICE: VOICE, Modality.FACE: FACE}, TRUST)
    np.testing.assert_allclose(query.embeddings[Modality.FACE], [0.6, 0.8])
    np.testing.assert_allclose(query.embeddings[Modality.VOICE], [0.0, 1.0])
    assert query.reliabilities == pytest.approx({Modality.FACE: 2 / 3, Modality.VOICE: 1 / 3})
    assert all(embedding.dtype == np.float32 for embedding in query.embeddings.values())


def test_an_absent_modality_is_absent_from_the_query_too() -> None:
    query = fuse({Modality.VOICE: VOICE}, TRUST)
    assert set(query.embeddings) == set(query.reliabilities) == {Modality.VOICE}
    assert query.reliabilities[Modality.VOICE] == 1.0


@pytest.mark.parametrize("trust", [{Modality.FACE: 1.0}, {Modality.FACE: 1.0, Modality.VOICE: 0.0}])
def test_a_modality_nobody_trusts_is_not_used(trust: dict[Modality, float]) -> None:
    assert set(fuse({Modality.FACE: FACE, Modality.VOICE: VOICE}, trust).embeddings) == {Modality.FACE}


def test_the_order_in_which_modalities_are_given_does_not_matter() -> None:
    forwards = fuse({Modality.FACE: FACE, Modality.VOICE: VOICE}, TRUST)
    backwards = fuse({Modality.VOICE: VOICE, Modality.FACE: FACE}, TRUST)
    assert list(forwards.embeddings) == list(backwards.embeddings)


def test_with_nothing_there_is_no_query() -> None:
    with pytest.raises(ModelError, match="nothing was given"):
        fuse({}, TRUST)
    with pytest.raises(ModelError, match="voice was given"):
        fuse({Modality.VOICE: VOICE}, {Modality.FACE: 1.0})


@pytest.mark.parametrize("embedding", [np.zeros(2), np.array([np.nan, 1.0]), np.array([np.inf, 1.0]), np.ones((2, 2))])
def test_an_embedding_without_a_direction_is_refused_not_passed_on(embedding: np.ndarray) -> None:
    with pytest.raises(ModelError, match="no direction"):
        fuse({Modality.FACE: embedding.astype(np.float32)}, TRUST)


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_reliability_that_is_no_weight_is_refused(weight: float) -> None:
    with pytest.raises(ConfigError, match="voice"):
        fuse({Modality.FACE: FACE}, {Modality.FACE: 1.0, Modality.VOICE: weight})
