"""The ways of using a person's answers that are compared: none, the paper's cache, its trained form, personal memory, a probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.memory_constants import MemoryConstants
from emoasst_core.classifier.personal_memory import MemoryModel, PersonalMemory
from emoasst_core.classifier.personal_reading import PersonalReader
from emoasst_core.classifier.tip_adapter import cache_logits
from emoasst_core.datatypes import Modality, Shot
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.evaluation.answer_draws import Draw
from emoasst_core.evaluation.speaker_set import SpeakerSet

METHODS: Final = ("zero-shot", "paper cache", "Tip-Adapter-F", "personal", "probe")
PROBE_STRENGTH: Final = 1.0  # inverse of the L2 penalty: there is no dev side in a family
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setting:
    """What ships with the model.

    Attributes:
        constants: of the personal memory, for `modality`.
        alpha, beta: of the paper's cache.
        calibration: of the zero-shot readings.
        modality: as which the embeddings are read.
    """

    constants: MemoryConstants
    alpha: float = 8.0
    beta: float = 24.0
    calibration: Calibration = Calibration()  # noqa: RUF009 - frozen
    modality: Modality = Modality.VOICE

    def read(self, logits: Array) -> Array:
        """Calibrated probabilities, as the program shows them."""
        return np.asarray(self.calibration.predict(logits, [self.modality]), np.float64)

    def memory(self, people: SpeakerSet, vectors: Array, given: NDArray[np.int64]) -> PersonalMemory:
        """The personal memory of some answered clips."""
        reader = PersonalReader(people.head, people.source, self.constants.modalities[self.modality])
        model = MemoryModel({self.modality: reader}, self.constants, self.calibration, {self.modality: 1.0})
        labels = np.eye(NUM_EMOTIONS, dtype=np.float32)[given]
        keys = [{self.modality: vector.astype(np.float32)} for vector in vectors]
        return PersonalMemory(model, [Shot(labels[row], keys[row], "", shot_id=row) for row in range(len(given))])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one draw gave.

    Attributes:
        predictions: {method: (m,) emotion columns of the clips that were left}.
        doubted: (n,) answers that the personal memory would ask about.
        share: how far it used the answers.
    """

    predictions: dict[str, NDArray[np.int64]]
    doubted: NDArray[np.bool_]
    share: float


def run_draw(people: SpeakerSet, vectors: Array, draw: Draw, setting: Setting, methods: tuple[str, ...] = METHODS) -> Outcome:
    """Answer a person's other clips in every way.

    Args:
        vectors: (k, d) all clips of the person.
        draw: which of them were answered.
    """
    queries, keys = vectors[draw.rest], vectors[draw.rows]
    zero = people.head.logits(queries)
    memory, values = setting.memory(people, keys, draw.given), np.eye(NUM_EMOTIONS)[draw.given]
    model_probs = setting.read(zero)
    ways: dict[str, Callable[[], Any]] = {
        "zero-shot": lambda: model_probs,
        "paper cache": lambda: setting.read(zero + setting.alpha * cache_logits(queries, keys, values, setting.beta)),
        "Tip-Adapter-F": lambda: setting.read(_tip_adapter_f(people, queries, keys, draw.given, setting)),
        "personal": lambda: memory.probs_of({setting.modality: queries}, {setting.modality: 1.0}, model_probs),
        "probe": lambda: _probe(queries, keys, draw.given, zero),
    }
    predictions = {name: np.asarray(ways[name]()).argmax(1) for name in methods}
    doubted = np.isin(np.arange(len(draw.rows)), memory.doubtful())
    return Outcome(predictions, doubted, memory.share([setting.modality]))


def _tip_adapter_f(people: SpeakerSet, queries: Array, keys: Array, given: NDArray[np.int64], setting: Setting) -> Array:
    from emoasst_core.classifier.tip_adapter_f import TipAdapterF

    adapter = TipAdapterF(keys, np.eye(NUM_EMOTIONS)[given], setting.alpha, setting.beta)
    adapter.fit(keys, given, people.head.logits(keys))
    return adapter.logits(queries, people.head.logits(queries))


def _probe(queries: Array, keys: Array, given: NDArray[np.int64], zero: Array) -> Array:
    """Logistic regression on the answered clips alone; with one emotion it can only say that one."""
    from sklearn.linear_model import LogisticRegression

    scores = np.full(zero.shape, -np.inf)
    present = np.unique(given)
    if len(present) == 1:
        scores[:, present] = 0.0
        return scores
    model = LogisticRegression(C=PROBE_STRENGTH, max_iter=500).fit(keys, given)
    scores[:, model.classes_] = model.predict_log_proba(queries)
    return scores
