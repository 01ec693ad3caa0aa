"""Reading a clip without itself and its near-copies: as if they had never been answered."""

from __future__ import annotations

import numpy as np
import pytest
from remembered_people import CLASSES, RELIABILITIES, SCALE, memory_model, random_shots, unit

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.joint_classifier import JointClassifier
from emoasst_core.classifier.left_out_densities import Exclusions
from emoasst_core.classifier.personal_memory import PersonalMemory
from emoasst_core.classifier.personal_reading import Clips
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.fusion import fuse

FACE = Modality.FACE
HEADS = {modality: ZeroShotHead(CLASSES, SCALE) for modality in RELIABILITIES}


@pytest.mark.parametrize("is_soft", [False, True])
def test_leaving_clips_out_equals_a_memory_without_them(is_soft: bool) -> None:
    reader, rng = memory_model().readers[FACE], np.random.default_rng(4)
    keys, labels, weights = unit(rng.normal(size=(9, 32))), np.eye(NUM_EMOTIONS)[rng.integers(0, 7, 9)], rng.uniform(0.2, 1, 9)
    if is_soft:
        labels = rng.dirichlet(np.full(NUM_EMOTIONS, 0.3), 9)
    left_out = rng.random((9, 9)) < 0.4
    together = reader.gains(keys, Clips(keys, labels, weights), Exclusions.of(left_out, labels))
    for row in range(9):
        kept = ~left_out[row]
        alone = reader.gains(keys[row : row + 1], Clips(keys[kept], labels[kept], weights[kept]))
        assert np.allclose(together[row], alone[0], atol=1e-9)


def test_a_clip_left_out_is_read_as_a_query_to_a_memory_of_the_others() -> None:
    shots = random_shots(24)
    memory = PersonalMemory(memory_model(), shots)
    personal, model = memory.left_out_probs(tuple(Modality))
    for row, shot in enumerate(shots):
        query = fuse(shot.keys, RELIABILITIES)
        assert np.allclose(model[row], JointClassifier(HEADS).probs(query, Calibration()), atol=1e-6)
        others = np.flatnonzero(~memory._together[row])
        rest = PersonalMemory(memory_model(), [shots[other] for other in others])
        rest.weights = memory.weights[others]
        vectors = {modality: vector[None].astype(float) for modality, vector in query.embeddings.items()}
        powers = model[row] * np.exp(rest.gains_of(vectors, query.reliabilities)[0])
        assert np.allclose(personal[row], powers / powers.sum(), atol=1e-5)
