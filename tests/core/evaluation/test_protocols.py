from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emoasst_core.classifier.tip_adapter import cache_logits
from emoasst_core.datatypes import Modality
from emoasst_core.evaluation.embedded_set import EmbeddedSet
from emoasst_core.evaluation.protocols import Task, answer, cache, cache_votes, draw_shots, predict, zero_shot

FACE, VOICE = Modality.FACE, Modality.VOICE
DIM = 12


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def made(num_rows: int, seed: int, spread: float = 0.5, prefix: str = "") -> EmbeddedSet:
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((7, DIM))
    labels = np.arange(num_rows) % 7
    embeddings = {m: unit(centres[labels] + spread * generator.standard_normal((num_rows, DIM))) for m in (FACE, VOICE)}
    embeddings[VOICE][::10] = np.nan
    names = tuple(f"{prefix}{row}" for row in range(num_rows))
    speakers = tuple(f"speaker {row % 6}" for row in range(num_rows))
    return EmbeddedSet(names, labels, ("",) * num_rows, speakers, speakers, embeddings)


def make_task(modalities: tuple[Modality, ...] = (FACE, VOICE), **changes) -> Task:
    text = unit(np.random.default_rng(99).standard_normal((7, DIM)) + 0.8 * np.random.default_rng(3).standard_normal((7, DIM)))
    return replace(Task(made(140, 0), made(70, 1), made(77, 2), text, modalities), **changes)


def test_votes_are_the_cache_formula():
    train, queries = made(140, 0), made(20, 2)
    votes = cache_votes(queries, train, FACE, 5.5)
    expected = cache_logits(queries.embeddings[FACE], train.embeddings[FACE], np.eye(7)[train.labels], 5.5)
    np.testing.assert_allclose(votes, expected, rtol=1e-9)


def test_no_shot_of_the_own_speaker_votes():
    train, queries = made(140, 0), made(20, 2)
    votes = cache_votes(queries, train, FACE, 5.5, hold_out_speakers=True)
    for row in range(len(queries)):
        others = np.array([speaker != queries.speakers[row] for speaker in train.speakers])
        keys, values = train.embeddings[FACE][others], np.eye(7)[train.labels[others]]
        np.testing.assert_allclose(votes[row], cache_logits(queries.embeddings[FACE][row], keys, values, 5.5), rtol=1e-9)


@pytest.mark.parametrize("protocol", ["zero-shot", "probe", "cache", "fused"])
def test_answers_never_depend_on_the_labels_of_the_rows_answered(protocol):
    task = make_task()
    lying = replace(task, queries=replace(task.queries, labels=(task.queries.labels + 3) % 7))
    np.testing.assert_array_equal(answer(protocol, task).logits, answer(protocol, lying).logits)


@pytest.mark.parametrize("protocol", ["zero-shot", "probe", "cache", "fused"])
def test_answers_do_not_depend_on_the_order_of_the_rows(protocol):
    task = make_task()
    order = np.random.default_rng(5).permutation(len(task.queries))
    shuffled = replace(task, queries=task.queries.take(order))
    np.testing.assert_allclose(answer(protocol, shuffled).logits, answer(protocol, task).logits[order], atol=1e-9)


def test_the_grid_holds_every_setting_with_alpha_zero_among_them_and_the_best_is_chosen_on_dev():
    answers = cache(make_task())
    assert len(answers.grid) == 6 * 7 * 7
    assert any(all(alpha == 0 for alpha in entry["alphas"].values()) for entry in answers.grid)
    assert answers.chosen["score"] == max(entry["score"] for entry in answers.grid)


def test_a_cache_of_nonsense_is_switched_off():
    task = make_task(modalities=(FACE,))
    nonsense = replace(task.train, labels=np.random.default_rng(8).integers(0, 7, len(task.train)))
    answers = cache(replace(task, train=nonsense))
    none = [entry["score"] for entry in answers.grid if entry["alphas"]["face"] == 0]
    assert answers.chosen["score"] >= max(none)


def test_k_shots_are_k_of_every_emotion_and_follow_the_seed():
    train = made(140, 0)
    shots = draw_shots(train, 4, (FACE,), seed=1)
    assert np.bincount(shots.labels).tolist() == [4] * 7 and len(set(shots.ids)) == 28
    assert shots.ids == draw_shots(train, 4, (FACE,), seed=1).ids != draw_shots(train, 4, (FACE,), seed=2).ids


def test_a_row_without_one_modality_is_answered_from_the_other_and_without_both_not_at_all():
    task = make_task()
    queries = task.queries
    queries.embeddings[FACE][10] = np.nan  # its voice is absent too
    answers = zero_shot(task)
    predictions = predict(answers.logits)
    assert predictions[10] == -1 and (np.delete(predictions, 10) >= 0).all()
    only_face = zero_shot(replace(task, modalities=(FACE,)))
    np.testing.assert_allclose(answers.logits[20], only_face.logits[20])


def test_zero_shot_is_the_mean_of_the_cosines():
    task = make_task(scale=1.0)
    found = zero_shot(task).logits[1]
    text = task.class_text.astype(float)
    expected = [sum(float(task.queries.embeddings[m][1] @ text[c]) for m in (FACE, VOICE)) / 2 for c in range(7)]
    np.testing.assert_allclose(found, expected, atol=1e-5)
