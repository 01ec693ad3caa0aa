"""The family's cache and the joint formula: two alphas, one beta, exact removal."""

from __future__ import annotations

import math

import numpy as np
import pytest

from emoasst_core.classifier.joint_classifier import JointClassifier
from emoasst_core.classifier.shot_cache import ShotCache
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality, Query, Shot, Vector
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.errors import CacheError, ConfigError, ModelError
from emoasst_core.fusion import fuse

ALPHAS = {Modality.FACE: 1.3, Modality.VOICE: 0.4}
BETA = 5.5
SIZE = 10
BOTH = (Modality.FACE, Modality.VOICE)
EVEN = dict.fromkeys(Modality, 1.0)


def unit(source: np.random.Generator) -> Vector:
    vector = source.normal(size=SIZE)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def make_shot(shot_id: int, modalities: tuple[Modality, ...] = BOTH, emotion: str | None = None) -> Shot:
    source = np.random.default_rng(shot_id)
    label = np.zeros(NUM_EMOTIONS, np.float32)
    label[EMOTIONS.index(emotion) if emotion else shot_id % NUM_EMOTIONS] = 1
    return Shot(label, {modality: unit(source) for modality in modalities}, "hash-a", "Mia", shot_id)


def make_query(seed: int = 1000, modalities: tuple[Modality, ...] = BOTH) -> Query:
    source = np.random.default_rng(seed)
    return fuse({modality: unit(source) for modality in modalities}, EVEN)


def filled(*shots: Shot) -> ShotCache:
    cache = ShotCache("hash-a", ALPHAS, BETA)
    for shot in shots:
        cache.add(shot)
    return cache


def joint_by_loops(query: Query, shots: list[Shot]) -> list[float]:
    totals = [0.0] * NUM_EMOTIONS
    for modality, embedding in query.embeddings.items():
        for shot in shots:
            if modality not in shot.keys:
                continue
            cosine = sum(float(a) * float(b) for a, b in zip(embedding, shot.keys[modality], strict=True))
            for column in range(NUM_EMOTIONS):
                totals[column] += ALPHAS[modality] * math.exp(-BETA * (1 - cosine)) * float(shot.label[column])
    return totals


@pytest.mark.parametrize("modalities", [BOTH, BOTH[:1], BOTH[1:]], ids=["both", "face", "voice"])
def test_the_two_alpha_cache_agrees_with_equations_3_and_4_written_as_loops(modalities: tuple[Modality, ...]) -> None:
    shots = [make_shot(number, BOTH if number % 3 else BOTH[:1]) for number in range(1, 30)]
    query = make_query(modalities=modalities)
    np.testing.assert_allclose(filled(*shots).logits(query), joint_by_loops(query, shots), atol=1e-5, rtol=0)


def test_the_answer_is_prompts_plus_shots() -> None:
    source = np.random.default_rng(5)
    heads = {modality: ZeroShotHead(source.normal(size=(NUM_EMOTIONS, SIZE)), 9.0, source.normal(size=7)) for modality in BOTH}
    cache, query = filled(*map(make_shot, range(1, 8))), make_query()
    expected = cache.logits(query)
    for modality in BOTH:
        expected = expected + query.reliabilities[modality] * heads[modality].logits(query.embeddings[modality])
    np.testing.assert_allclose(JointClassifier(heads, cache).logits(query), expected)


def test_an_empty_cache_changes_nothing() -> None:
    heads = {modality: ZeroShotHead(np.eye(NUM_EMOTIONS, SIZE)) for modality in BOTH}
    query = make_query()
    np.testing.assert_array_equal(filled().logits(query), np.zeros(NUM_EMOTIONS))
    np.testing.assert_array_equal(JointClassifier(heads, filled()).logits(query), JointClassifier(heads).logits(query))


def test_adding_and_removing_a_shot_restores_the_logits() -> None:
    cache, query = filled(*map(make_shot, range(1, 20))), make_query()
    before = cache.logits(query)
    cache.add(make_shot(77))
    assert np.abs(cache.logits(query) - before).max() > 1e-4
    cache.remove(77)
    np.testing.assert_allclose(cache.logits(query), before, atol=1e-6, rtol=0)
    assert len(cache) == 19


def test_removing_one_of_many_leaves_the_cache_of_the_others() -> None:
    cache, query = filled(*map(make_shot, range(1, 20))), make_query()
    cache.remove(4)
    others = filled(*(make_shot(number) for number in range(1, 20) if number != 4))
    np.testing.assert_allclose(cache.logits(query), others.logits(query), atol=1e-6, rtol=0)


def test_a_new_shot_is_heard_by_the_very_next_query() -> None:
    heads = {modality: ZeroShotHead(np.eye(NUM_EMOTIONS, SIZE)) for modality in BOTH}
    shot = make_shot(3, emotion="disgust")
    query = fuse(shot.keys, EVEN)
    cache = filled()
    classifier = JointClassifier(heads, cache)
    before = classifier.logits(query)
    cache.add(shot)
    gained = classifier.logits(query) - before
    assert gained[EMOTIONS.index("disgust")] == pytest.approx(ALPHAS[Modality.FACE] + ALPHAS[Modality.VOICE], abs=1e-5)
    assert np.count_nonzero(gained) == 1


def test_a_soft_label_is_shared_out() -> None:
    label = np.array([0.25, 0.75, 0, 0, 0, 0, 0], np.float32)
    key = unit(np.random.default_rng(0))
    logits = filled(Shot(label, {Modality.FACE: key}, "hash-a", shot_id=1)).logits(fuse({Modality.FACE: key}, EVEN))
    np.testing.assert_allclose(logits, 1.3 * label, atol=1e-5)


def test_a_modality_without_an_alpha_is_not_cached() -> None:
    words = (Modality.WORDS,)
    np.testing.assert_array_equal(filled(make_shot(1, words)).logits(make_query(modalities=words)), np.zeros(NUM_EMOTIONS))


def test_shots_of_another_model_are_refused_with_what_to_do() -> None:
    shot = make_shot(1)
    with pytest.raises(CacheError, match="another model") as raised:
        ShotCache("hash-b", ALPHAS, BETA).add(shot)
    assert "Analyse its recording again" in raised.value.next_step


def test_an_id_counts_once_and_an_unknown_one_cannot_be_removed() -> None:
    cache = filled(make_shot(1))
    with pytest.raises(CacheError, match="already"):
        cache.add(make_shot(1))
    with pytest.raises(CacheError, match="no shot 2"):
        cache.remove(2)
    assert [shot.shot_id for shot in cache] == [1]


@pytest.mark.parametrize(
    ("label", "keys", "message"),
    [
        (np.full(7, 1.0), {Modality.FACE: np.eye(SIZE)[0]}, "no distribution"),
        (np.full(5, 0.2), {Modality.FACE: np.eye(SIZE)[0]}, "no distribution"),
        (np.array([1.5, -0.5, 0, 0, 0, 0, 0]), {Modality.FACE: np.eye(SIZE)[0]}, "no distribution"),
        (np.full(7, np.nan), {Modality.FACE: np.eye(SIZE)[0]}, "no distribution"),
        (np.eye(7)[0], {}, "no keys"),
        (np.eye(7)[0], {Modality.FACE: np.ones(SIZE)}, "no unit vector"),
        (np.eye(7)[0], {Modality.FACE: np.full(SIZE, np.nan)}, "no unit vector"),
        (np.eye(7)[0], {Modality.FACE: np.eye(SIZE + 1)[0]}, "11 numbers, not 10"),
    ],
)
def test_a_shot_that_is_none_is_refused_and_leaves_the_cache_as_it_was(
    label: np.ndarray, keys: dict[Modality, np.ndarray], message: str
) -> None:
    cache, query = filled(make_shot(1)), make_query()
    before = cache.logits(query)
    with pytest.raises(CacheError, match=message):
        cache.add(Shot(label, keys, "hash-a", shot_id=2))
    np.testing.assert_array_equal(cache.logits(query), before)


def test_settings_out_of_bounds_are_refused() -> None:
    with pytest.raises(ConfigError, match="alpha of voice"):
        ShotCache("hash-a", {Modality.VOICE: -1.0}, BETA)
    with pytest.raises(ConfigError, match="beta"):
        ShotCache("hash-a", ALPHAS, 0.0)


def test_a_modality_the_model_cannot_read_is_refused() -> None:
    classifier = JointClassifier({Modality.FACE: ZeroShotHead(np.eye(NUM_EMOTIONS, SIZE))})
    with pytest.raises(ModelError, match="voice"):
        classifier.logits(make_query())


def test_the_weights_of_an_explanation_are_those_that_the_formula_sums_up() -> None:
    shots = [make_shot(number, BOTH if number % 3 else BOTH[:1]) for number in range(1, 9)]
    query = make_query()
    joint = JointClassifier({modality: ZeroShotHead(np.eye(NUM_EMOTIONS, SIZE)) for modality in BOTH}, filled(*shots))
    why = joint.explain(query)
    total = sum(joint_by_loops(query, shots))
    alone = {shot.shot_id: sum(joint_by_loops(query, [shot])) / total for shot in shots}
    assert dict(why.votes) == pytest.approx(alone)
    assert [weight for _, weight in why.votes] == pytest.approx(sorted(alone.values(), reverse=True))
    ours, theirs = joint.cache.logits(query), joint.model_logits(query)  # type: ignore[union-attr]
    assert why.share == pytest.approx(np.ptp(ours) / (np.ptp(ours) + np.ptp(theirs))) and 0 < why.share < 1


def test_an_empty_cache_explains_nothing() -> None:
    why = JointClassifier({modality: ZeroShotHead(np.eye(NUM_EMOTIONS, SIZE)) for modality in BOTH}, filled()).explain(
        make_query()
    )
    assert (why.share, why.votes, why.offset) == (0.0, (), 0.0)
