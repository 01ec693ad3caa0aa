import math

import numpy as np
from scipy.stats import norm

from emoasst_core.classifier.label_doubt import GRID, LOOK_AGAIN, label_doubts
from emoasst_core.emotions import NUM_EMOTIONS


def opinions(named, strength):
    """(n, num_emotions) that name an emotion each, the others equally."""
    probs = np.full((len(named), NUM_EMOTIONS), (1 - strength) / (NUM_EMOTIONS - 1))
    probs[np.arange(len(named)), named] = strength
    return probs


def doubts_of(personal, given, model=None, errors=0.18):
    labels = np.eye(NUM_EMOTIONS)[given]
    model = opinions(given, 1 / NUM_EMOTIONS) if model is None else model
    return label_doubts(personal, model, labels, np.full(len(given), errors), np.ones(len(given)))


def test_the_one_answer_that_the_others_speak_against_is_doubted() -> None:
    truth = np.arange(28) % NUM_EMOTIONS
    given = truth.copy()
    given[5] = (given[5] + 2) % NUM_EMOTIONS
    doubts = doubts_of(opinions(truth, 0.95), given)
    assert np.flatnonzero(doubts > LOOK_AGAIN).tolist() == [5]


def test_doubts_equal_the_formula_by_hand() -> None:
    rng = np.random.default_rng(1)
    given, errors, weights = rng.integers(0, NUM_EMOTIONS, 12), rng.choice([0.18, 0.4], 12), rng.uniform(0.2, 1, 12)
    personal, model = rng.dirichlet(np.ones(NUM_EMOTIONS), 12), rng.dirichlet(np.ones(NUM_EMOTIONS), 12)
    certainty, right = 0.0, np.zeros(12)
    for a in GRID:
        for b in GRID:
            belief = norm.pdf(math.log(a), math.log(0.7), 0.3) * norm.pdf(math.log(b), math.log(0.3), 0.5)
            meant = np.zeros(12)
            for i in range(12):
                powers = [model[i, c] ** a * (personal[i, c] / model[i, c]) ** b for c in range(NUM_EMOTIONS)]
                prob, wrong = powers[given[i]] / sum(powers), errors[i]
                answered = (1 - wrong) * prob + wrong * (1 - prob) / (NUM_EMOTIONS - 1)
                belief *= answered ** weights[i]
                meant[i] = (1 - wrong) * prob / answered
            certainty, right = certainty + belief, right + belief * meant
    found = label_doubts(personal, model, np.eye(NUM_EMOTIONS)[given], errors, weights)
    assert np.allclose(found, 1 - right / certainty, atol=1e-9)
    assert found.std() > 0.05


def test_an_opinion_that_is_often_wrong_of_this_person_doubts_hardly_anything() -> None:
    rng = np.random.default_rng(0)
    given = np.arange(56) % NUM_EMOTIONS
    named = np.where(rng.random(56) < 0.6, (given + 1 + rng.integers(0, 6, 56)) % NUM_EMOTIONS, given)
    good, bad = named.copy(), named
    good[1:] = given[1:]
    good[0] = bad[0] = (given[0] + 3) % NUM_EMOTIONS
    among_good, among_bad = (doubts_of(opinions(named, 0.98), given) for named in (good, bad))
    assert among_bad[0] < among_good[0]
    assert (among_bad > LOOK_AGAIN).sum() <= 3 < (bad != given).sum()


def test_fewer_than_three_other_clips_are_too_few_to_doubt_one() -> None:
    for count in (1, 2, 3):
        given = np.zeros(count, int)
        assert not doubts_of(opinions(given + 1, 0.999), given, opinions(given + 1, 0.999)).any()
    given = np.array([1, 2, 3, 4])
    assert doubts_of(opinions(np.array([5, 2, 3, 4]), 0.999), given, opinions(np.array([5, 2, 3, 4]), 0.999))[0] > LOOK_AGAIN


def test_an_unread_clip_is_not_doubted_and_an_unsure_answer_sooner_than_a_sure_one() -> None:
    given = np.arange(14) % NUM_EMOTIONS
    named = given.copy()
    named[3] = (named[3] + 1) % NUM_EMOTIONS
    personal = opinions(named, 0.6)
    personal[0] = np.nan
    sure, unsure = (doubts_of(personal, given, errors=error) for error in (0.18, 0.4))
    assert sure[0] == unsure[0] == 0
    assert unsure[3] > sure[3] > np.delete(sure, 3).max()
