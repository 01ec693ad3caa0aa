"""The family's memories from one state of the answers to the next: what an answer does not touch is taken over as it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from remembered_people import CLASSES, DAD, MUM, RELIABILITIES, SCALE, family, query_of, random_shots

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.family_memory import FamilyMemory
from emoasst_core.classifier.joint_classifier import JointClassifier
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality, Query
from emoasst_core.errors import CacheError

FACE, VOICE = Modality.FACE, Modality.VOICE
HEADS = {modality: ZeroShotHead(CLASSES, SCALE) for modality in RELIABILITIES}


def read(memory: FamilyMemory, query: Query) -> np.ndarray:
    return JointClassifier(HEADS, memory=memory).probs(query, Calibration(), MUM)


def test_shots_taken_over_from_before_read_as_if_all_were_new() -> None:
    first, query = random_shots(30), query_of(FACE, VOICE)
    before = family(*first)
    read(before, query)  # so that there is something to take over
    changed = [dataclasses.replace(first[3], label=np.roll(first[3].label, 1)), *first[5:], *random_shots(4, seed=8, first_id=60)]
    after = before.with_shots(changed)
    assert [shot.shot_id for shot in after] == [shot.shot_id for shot in changed]
    assert np.array_equal(read(after, query), read(family(*changed), query))
    assert np.array_equal(read(before, query), read(family(*first), query))


def test_an_answer_about_one_person_leaves_what_was_computed_of_others() -> None:
    mums, dads = random_shots(10), random_shots(10, seed=2, person=DAD, first_id=50)
    before = family(*mums, *dads)
    of_mum, of_dad = before.of(MUM), before.of(DAD)
    after = before.with_shots([*mums, *dads, *random_shots(1, seed=5, first_id=90)])
    assert after.of(DAD) is of_dad
    assert after.of(MUM) is not of_mum
    somebody = before.with_shots([*mums, *dads, *random_shots(1, seed=5, person="person 1", first_id=90)])
    assert somebody.of(DAD) is not of_dad


def test_a_shot_that_is_none_leaves_the_shots_before_in_force() -> None:
    shots, query = random_shots(10), query_of(FACE, VOICE)
    memory = family(*shots)
    plain = read(memory, query)
    with pytest.raises(CacheError):
        memory.with_shots([*shots, dataclasses.replace(shots[0], shot_id=99, encoder_hash="other")])
    assert np.array_equal(read(memory, query), plain)
