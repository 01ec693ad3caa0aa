from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.classifier.familiarity import LEAST_SHOTS, Familiarity
from emoasst_core.datatypes import Modality, Shot
from emoasst_core.emotions import NUM_EMOTIONS

DIM = 16
GRANDMA = "p-0a1b2c3d"


def unit(random: np.random.Generator, around: np.ndarray, spread: float) -> np.ndarray:
    vector = around + spread * random.standard_normal(DIM)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def shots(number: int, person: str = GRANDMA, seed: int = 0) -> list[Shot]:
    random = np.random.default_rng(seed)
    label = np.eye(NUM_EMOTIONS, dtype=np.float32)[1]
    return [Shot(label, {Modality.FACE: unit(random, np.eye(DIM)[0], 0.1)}, "hash", person) for _ in range(number)]


def test_nothing_is_strange_while_a_person_has_too_few_clips() -> None:
    far = {Modality.FACE: -np.eye(DIM, dtype=np.float32)[0]}
    assert not Familiarity().is_strange(far, GRANDMA)
    assert not Familiarity(shots(LEAST_SHOTS - 1)).is_strange(far, GRANDMA)
    assert Familiarity(shots(LEAST_SHOTS)).is_strange(far, GRANDMA)


def test_a_tenth_of_a_persons_own_kind_of_reading_is_strange_and_nearly_all_of_another_kind() -> None:
    familiarity, random = Familiarity(shots(200)), np.random.default_rng(1)
    own = [familiarity.is_strange({Modality.FACE: unit(random, np.eye(DIM)[0], 0.1)}, GRANDMA) for _ in range(500)]
    other = [familiarity.is_strange({Modality.FACE: unit(random, np.eye(DIM)[3], 0.1)}, GRANDMA) for _ in range(100)]
    assert 0.05 <= np.mean(own) <= 0.16
    assert np.mean(other) == 1.0


def test_somebody_without_clips_of_their_own_is_never_strange() -> None:
    far = {Modality.FACE: -np.eye(DIM, dtype=np.float32)[0]}
    assert not Familiarity(shots(40)).is_strange(far, "p-1b2c3d4e")
    assert not Familiarity(shots(40, person="person 1")).is_strange(far, "person 1")


@pytest.mark.parametrize("modality", [Modality.VOICE, Modality.WORDS])
def test_what_cannot_be_compared_says_nothing(modality: Modality) -> None:
    familiarity = Familiarity(shots(20))
    far = -np.eye(DIM, dtype=np.float32)[0]
    assert not familiarity.is_strange({modality: far}, GRANDMA)
    assert familiarity.is_strange({modality: far, Modality.FACE: far}, GRANDMA)


def test_a_reading_is_as_strange_as_it_is_in_the_modality_that_lacks_least() -> None:
    both = [
        Shot(face.label, {Modality.FACE: face.keys[Modality.FACE], Modality.VOICE: voice.keys[Modality.FACE]}, "hash", GRANDMA)
        for face, voice in zip(shots(30), shots(30, seed=1), strict=True)
    ]
    familiarity, far, near = Familiarity(both), np.eye(DIM, dtype=np.float32)[5], np.eye(DIM, dtype=np.float32)[0]
    alone = [familiarity.lack({modality: far}, GRANDMA) for modality in (Modality.FACE, Modality.VOICE)]
    assert familiarity.lack({Modality.FACE: far, Modality.VOICE: far}, GRANDMA) == min(alone) > 0
    assert familiarity.lack({Modality.FACE: far, Modality.VOICE: near}, GRANDMA) == 0
