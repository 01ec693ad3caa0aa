"""The personal memory: nothing without clips, exact removal, copies count once, and no harm from one-sided answers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from remembered_people import (
    CLASSES,
    DAD,
    MUM,
    RELIABILITIES,
    SCALE,
    clips,
    family,
    make_shot,
    memory_model,
    person_offset,
    query_of,
    random_shots,
    unit,
)
from scipy.stats import multivariate_normal

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.family_memory import FamilyMemory
from emoasst_core.classifier.joint_classifier import JointClassifier
from emoasst_core.classifier.personal_memory import PersonalMemory
from emoasst_core.classifier.personal_reading import Clips
from emoasst_core.classifier.shot_weights import find_bursts
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality, Query, Shot
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import CacheError
from emoasst_core.fusion import fuse

FACE, VOICE = Modality.FACE, Modality.VOICE
HEADS = {modality: ZeroShotHead(CLASSES, SCALE) for modality in RELIABILITIES}


def read(memory: object, query: Query, person: str = MUM) -> np.ndarray:
    return JointClassifier(HEADS, memory=memory).probs(query, Calibration(), person)  # type: ignore[arg-type]


def gains(memory: FamilyMemory, query: Query) -> np.ndarray:
    """What the personal opinion adds to the logits."""
    rows = {modality: vector[None].astype(float) for modality, vector in query.embeddings.items()}
    return memory.of(MUM).gains_of(rows, query.reliabilities)  # type: ignore[union-attr]


def accuracy(memory: PersonalMemory | None, queries: np.ndarray, labels: np.ndarray) -> float:
    right = 0
    for vector, label in zip(queries, labels, strict=True):
        query = fuse({FACE: vector}, RELIABILITIES)
        model = Calibration().predict(HEADS[FACE].logits(vector), [FACE])
        right += int((model if memory is None else memory.probs(query, model)).argmax() == label)
    return 100 * right / len(labels)


@pytest.mark.parametrize("modalities", [(FACE,), (VOICE,), (FACE, VOICE)])
def test_without_clips_the_reading_is_the_models_own(modalities: tuple[Modality, ...]) -> None:
    query = query_of(*modalities)
    plain = JointClassifier(HEADS).probs(query, Calibration())
    assert np.abs(read(family(), query) - plain).max() <= 1e-6
    none = Clips(np.zeros((0, CLASSES.shape[1])), np.zeros((0, NUM_EMOTIONS)), np.zeros(0))
    vectors = unit(np.random.default_rng(0).normal(size=(20, CLASSES.shape[1])))
    assert np.abs(memory_model().readers[FACE].gains(vectors, none)).max() <= 1e-6


def test_adding_then_deleting_a_clip_restores_logits_and_reading() -> None:
    memory, query = family(*random_shots(30)), query_of(FACE, VOICE)
    (extra,) = random_shots(1, seed=7, first_id=100)
    before = gains(memory, query), read(memory, query)
    memory.add(extra)
    assert np.abs(gains(memory, query) - before[0]).max() > 1e-3
    memory.remove(100)
    assert np.abs(gains(memory, query) - before[0]).max() <= 1e-6
    assert np.abs(read(memory, query) - before[1]).max() <= 1e-6


def test_the_order_of_the_clips_does_not_matter() -> None:
    shots, query = random_shots(25), query_of(FACE, VOICE)
    first, second = family(*shots), family(*reversed(shots))
    assert np.abs(read(first, query) - read(second, query)).max() <= 1e-6


@pytest.mark.parametrize("row", [0, 1, 4])
def test_the_same_clip_ten_times_counts_like_once(row: int) -> None:
    shots, query = random_shots(20), query_of(FACE, VOICE)
    copies = [dataclasses.replace(shots[row], shot_id=200 + number) for number in range(10)]
    once, often = family(*shots), family(*shots, *copies)
    assert np.abs(read(once, query) - read(often, query)).max() <= 1e-6
    assert abs(once.of(MUM).share([FACE]) - often.of(MUM).share([FACE])) <= 1e-6  # type: ignore[union-attr]


def test_ten_copies_of_a_clip_leave_its_near_copies_their_half() -> None:
    rng = np.random.default_rng(3)
    key = clips(np.array([2]), np.zeros(32), rng)[0]
    near = unit(key + 0.02 * unit(rng.normal(size=32)))
    shots = [make_shot(number, 2, {FACE: key}) for number in range(1, 11)] + [make_shot(11, 2, {FACE: near})]
    together, weights = find_bursts(shots, 0.97)
    assert together.all()
    assert weights[:10].sum() == pytest.approx(0.5) and weights[10] == pytest.approx(0.5)


def test_clips_of_one_event_count_as_one_observation() -> None:
    shots = [dataclasses.replace(shot, event="supper/1") for shot in random_shots(12)]
    weights = PersonalMemory(memory_model(), shots)._burst
    labels = [int(shot.label.argmax()) for shot in shots]
    for label in set(labels):
        assert math.isclose(sum(weight for weight, own in zip(weights, labels, strict=True) if own == label), 1.0)


def test_gains_equal_the_formulas_by_hand() -> None:
    reader, rng = memory_model().readers[FACE], np.random.default_rng(3)
    labels, weights = np.array([0, 1, 1, 2, 0]), rng.uniform(0.2, 1, 5)
    keys, query = unit(rng.normal(size=(5, 32))), unit(rng.normal(size=32))
    constants, whiten = reader.constants, reader.source.whitening
    tau_u, tau_c = constants.person_variance, constants.style_variance
    g, clips_of, m = query @ whiten, keys @ whiten, reader.source.means @ whiten
    n = np.array([weights[labels == c].sum() for c in range(NUM_EMOTIONS)])
    r = np.zeros((NUM_EMOTIONS, 32))
    for c in set(labels.tolist()):
        r[c] = sum(weights[i] * (clips_of[i] - m[c]) for i in np.flatnonzero(labels == c)) / n[c]
    a, b = n / (1 + n * tau_c), n * tau_c / (1 + n * tau_c)
    precision = 1 / tau_u + a.sum()
    u = (a[:, None] * r).sum(0) / precision
    expected, s = np.zeros(NUM_EMOTIONS), float(np.mean(tau_c * (1 - b) + (1 - b) ** 2 / precision))
    for c in range(NUM_EMOTIONS):
        own = m[c] + (1 - b[c]) * u + b[c] * r[c]
        expected[c] = multivariate_normal.logpdf(g, own, 1 + s) - multivariate_normal.logpdf(g, m[c], 1 + tau_c + tau_u)
        expected[c] /= constants.temperature
        if n[c]:
            rows, centred = np.flatnonzero(labels == c), unit(g - u)
            vote = sum(weights[i] * math.exp(-constants.beta * (1 - centred @ unit(clips_of[i] - u))) for i in rows) / n[c]
            others = [math.exp(-constants.beta * (1 - centred @ unit(x @ whiten))) for x in reader.source.exemplars[c]]
            expected[c] += constants.alpha * n[c] / (n[c] + constants.vote_prior) * (vote - np.mean(others))
    answered = Clips(keys, np.eye(NUM_EMOTIONS)[labels], weights)
    found = reader.gains(query[None], answered)[0]
    assert np.allclose(found - found[0], expected - expected[0], atol=1e-9)  # what all emotions share does not count


def test_an_emotion_without_clips_gains_from_the_persons_offset() -> None:
    rng, gains = np.random.default_rng(11), []
    for _ in range(12):
        offset = person_offset(rng, 1.2)
        answered = np.repeat([0, 1, 2, 3], 5)
        shots = [
            make_shot(i + 1, int(c), {FACE: v})
            for i, (c, v) in enumerate(zip(answered, clips(answered, offset, rng), strict=True))
        ]
        memory = PersonalMemory(memory_model(), shots)
        labels = np.repeat([4, 5, 6], 20)  # never answered
        queries = clips(labels, offset, rng)
        gains.append(accuracy(memory, queries, labels) - accuracy(None, queries, labels))
    assert np.mean(gains) > 5


def test_answers_of_one_emotion_move_accuracy_by_less_than_a_point() -> None:
    rng, changes = np.random.default_rng(12), []
    for _ in range(12):
        offset = person_offset(rng, 0.5)
        shots = [make_shot(i + 1, 0, {FACE: v}) for i, v in enumerate(clips(np.zeros(6, int), offset, rng))]
        labels = np.tile(np.arange(NUM_EMOTIONS), 25)
        queries = clips(labels, offset, rng)
        changes.append(accuracy(PersonalMemory(memory_model(), shots), queries, labels) - accuracy(None, queries, labels))
    assert abs(np.mean(changes)) < 1


def test_while_one_emotion_has_clips_the_share_is_at_most_an_eighth() -> None:
    rng = np.random.default_rng(1)
    shots = [make_shot(i + 1, 3, {FACE: v}) for i, v in enumerate(clips(np.full(20, 3), person_offset(rng), rng))]
    assert PersonalMemory(memory_model(), shots).share([FACE]) <= 0.125
    other = make_shot(50, 1, {FACE: clips(np.array([1]), person_offset(rng), rng)[0]})
    assert PersonalMemory(memory_model(), [*shots, other]).share([FACE]) > 0.125


def test_wrong_answers_count_for_less_and_are_pointed_out() -> None:
    rng = np.random.default_rng(2)
    offset, labels = person_offset(rng, 0.4), np.repeat(np.arange(NUM_EMOTIONS), 6)
    given = labels.copy()
    wrong = [3, 17, 30]
    given[wrong] = (labels[wrong] + 3) % NUM_EMOTIONS
    keys = clips(labels, offset, rng)
    memory = PersonalMemory(memory_model(), [make_shot(i + 1, int(c), {FACE: keys[i]}) for i, c in enumerate(given)])
    found = set(memory.doubtful())
    assert found <= {row + 1 for row in wrong}
    assert len(found) >= 2
    assert memory.trust[wrong].max() < np.delete(memory.trust, wrong).min()


def test_an_unsure_answer_counts_for_less_where_the_others_disagree() -> None:
    shots = random_shots(30)
    wrong = dataclasses.replace(shots[0], label=np.roll(shots[0].label, 2))
    trusts = [
        PersonalMemory(memory_model(), [dataclasses.replace(wrong, is_sure=is_sure), *shots[1:]]).trust[0]
        for is_sure in (True, False)
    ]
    assert trusts[1] < trusts[0]


def test_the_very_clip_that_was_answered_reads_as_it_was_answered() -> None:
    rng = np.random.default_rng(8)
    keys = clips(np.array([0, 1, 2]), np.zeros(32), rng)
    memory = family(*(make_shot(i + 1, label, {FACE: keys[i]}) for i, label in enumerate([0, 5, 2])))
    assert read(memory, fuse({FACE: keys[1]}, RELIABILITIES)).argmax() == 5
    assert read(family(), fuse({FACE: keys[1]}, RELIABILITIES)).argmax() == 1


def test_people_are_kept_apart_and_unknown_faces_share_the_household() -> None:
    query, shots = query_of(FACE, VOICE), random_shots(20)
    memory = family(*shots)
    assert np.array_equal(read(memory, query, DAD), read(family(), query))
    assert np.array_equal(read(memory, query, "person 1"), read(family(), query))
    household = family(*(dataclasses.replace(shot, person="person 1") for shot in shots))
    assert np.array_equal(read(household, query, "person 2"), read(memory, query, MUM))
    assert not np.array_equal(read(household, query, MUM), read(family(), query))


def test_known_peoples_clips_outweigh_the_households() -> None:
    own, others = random_shots(10), random_shots(10, seed=3, person="person 1", first_id=50)
    memory = family(*own, *others).of(MUM)
    assert memory is not None
    weights = dict(zip((shot.shot_id for shot in memory.shots), memory._prior, strict=True))
    assert {weights[shot.shot_id] for shot in own} == {1.0}
    assert {weights[shot.shot_id] for shot in others} == {0.5}


def test_a_voice_is_not_answered_from_faces() -> None:
    shots = [dataclasses.replace(shot, keys={FACE: shot.keys[FACE]}) for shot in random_shots(20) if FACE in shot.keys]
    query = query_of(VOICE)
    assert np.array_equal(read(family(*shots), query), read(family(), query))
    assert family(*shots).of(MUM).share([VOICE]) == 0  # type: ignore[union-attr]


def test_the_clips_that_spoke_are_named_with_their_weights() -> None:
    rng = np.random.default_rng(6)
    keys = clips(np.array([0, 1, 2]), np.zeros(32), rng)
    memory = PersonalMemory(memory_model(), [make_shot(i + 1, i, {FACE: keys[i]}) for i in range(3)])
    why = memory.explain(fuse({FACE: unit(keys[1] + 0.1 * rng.normal(size=32))}, RELIABILITIES))
    assert why.votes[0][0] == 2
    assert [weight for _, weight in why.votes] == sorted((weight for _, weight in why.votes), reverse=True)
    assert math.isclose(sum(weight for _, weight in why.votes), 1.0)
    assert why.share == memory.share([FACE])


def test_somebody_unlike_the_source_is_said_to_be_far_and_somebody_like_it_near() -> None:
    rng = np.random.default_rng(8)
    labels = np.repeat(np.arange(NUM_EMOTIONS), 4)
    query = query_of(FACE)
    offsets = []
    for length in (0.0, 0.9):
        keys = clips(labels, person_offset(rng, length) if length else np.zeros(32), rng)
        shots = [make_shot(i + 1, int(label), {FACE: key}) for i, (label, key) in enumerate(zip(labels, keys, strict=True))]
        offsets.append(PersonalMemory(memory_model(), shots).explain(query).offset)
    assert 0 < offsets[0] < 0.5 < offsets[1]


def test_soft_labels_speak_for_both_emotions() -> None:
    rng = np.random.default_rng(9)
    key = clips(np.array([0]), np.zeros(32), rng)[0]
    label = np.zeros(NUM_EMOTIONS, np.float32)
    label[[1, 5]] = 0.5
    shot = Shot(label, {FACE: key.astype(np.float32)}, "hash-a", MUM, 1)
    probs = read(family(shot), fuse({FACE: key}, RELIABILITIES))
    assert sorted(np.argsort(probs)[-2:]) == [1, 5]


@pytest.mark.parametrize("change", [{"encoder_hash": "other"}, {"keys": {}}, {"label": np.ones(NUM_EMOTIONS, np.float32)}])
def test_shots_that_are_none_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(CacheError):
        family(dataclasses.replace(random_shots(1)[0], **change))  # type: ignore[arg-type]
