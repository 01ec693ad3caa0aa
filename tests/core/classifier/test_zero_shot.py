"""The zero-shot head against Eq. 2 written as loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from emoasst_core.classifier.joint_classifier import JointClassifier
from emoasst_core.classifier.zero_shot import PAPER_SCALE, TIP_ADAPTER_SCALE, ZeroShotHead
from emoasst_core.datatypes import Modality
from emoasst_core.errors import ModelError
from emoasst_core.fusion import fuse


def cosine_by_loops(left: np.ndarray, right: np.ndarray) -> float:
    product = sum(float(a) * float(b) for a, b in zip(left, right, strict=True))
    lengths = (math.sqrt(sum(float(value) ** 2 for value in vector)) for vector in (left, right))
    return product / math.prod(lengths)


@pytest.mark.parametrize("scale", [PAPER_SCALE, TIP_ADAPTER_SCALE])
def test_zero_shot_logits_agree_with_plain_loops(scale: float) -> None:
    source = np.random.default_rng(0)
    text, bias = source.normal(size=(7, 12)), source.normal(size=7)
    embeddings = source.normal(size=(5, 12))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    head = ZeroShotHead(text, scale, bias)
    expected = [[scale * cosine_by_loops(row, text[c]) + bias[c] for c in range(7)] for row in embeddings]
    np.testing.assert_allclose(head.logits(embeddings), expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(head.logits(embeddings[2]), expected[2], atol=1e-5, rtol=0)


def test_equal_reliabilities_give_the_mean_over_modalities_of_equation_2() -> None:
    source = np.random.default_rng(1)
    text = source.normal(size=(7, 12))
    face, voice = source.normal(size=(2, 12)).astype(np.float32)
    heads = {modality: ZeroShotHead(text) for modality in (Modality.FACE, Modality.VOICE)}
    query = fuse({Modality.FACE: face, Modality.VOICE: voice}, {Modality.FACE: 0.4, Modality.VOICE: 0.4})
    expected = [(cosine_by_loops(face, row) + cosine_by_loops(voice, row)) / 2 for row in text]
    np.testing.assert_allclose(JointClassifier(heads).logits(query), expected, atol=1e-5, rtol=0)


def test_without_scale_and_bias_the_answers_are_plain_cosines() -> None:
    head = ZeroShotHead(np.array([[2.0, 0.0], [0.0, 0.5]]))
    np.testing.assert_allclose(head.logits(np.array([0.6, 0.8])), [0.6, 0.8])


@pytest.mark.parametrize(
    ("text", "bias"),
    [(np.ones(7), None), (np.ones((7, 3)), np.zeros(6)), (np.zeros((7, 3)), None), (np.full((7, 3), np.nan), None)],
)
def test_text_features_that_cannot_be_compared_with_are_refused(text: np.ndarray, bias: np.ndarray | None) -> None:
    with pytest.raises(ModelError):
        ZeroShotHead(text, 1.0, bias)


def test_an_embedding_of_another_size_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot be compared"):
        ZeroShotHead(np.eye(3)).logits(np.ones(4))
