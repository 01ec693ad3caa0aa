"""Personal Evidence Memory: one person's answered clips as a second opinion, used as far as it has proved right on these clips.

    p = share * p_personal + (1 - share) * p_model
    share = sigmoid(bias + scale * sum_i w_i (log p_personal without burst i (y_i) - log p_model (y_i)))

All of it is computed from the clips that are there: taking one out is leaving it out of the sums. The mixture can cost at most
-log(1 - share) nats on any clip. `personal_reading` holds the personal opinion, `shot_weights` the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.explanation import Explanation, sorted_votes
from emoasst_core.classifier.label_doubt import LOOK_AGAIN, label_doubts
from emoasst_core.classifier.left_out_densities import Exclusions
from emoasst_core.classifier.memory_constants import MemoryConstants
from emoasst_core.classifier.personal_reading import Clips, PersonalReader
from emoasst_core.classifier.shot_weights import find_bursts, label_trust, stack_keys
from emoasst_core.datatypes import Modality, Query, Shot, Vector
from emoasst_core.emotions import NUM_EMOTIONS

SMALLEST_PROB = 1e-6  # one clip can speak against the memory with at most 14 nats
Array = NDArray[np.float64]
Many = Mapping[Modality, Array]


@dataclass(frozen=True, slots=True)
class MemoryModel:
    """What all memories of one model share.

    Attributes:
        readers: {modality: its head, source clips and constants}.
        constants: of the weights and the share.
        calibration: of the model's readings; the personal ones take the same.
        reliabilities: {modality: how far it is trusted}, as in `fusion`.
    """

    readers: Mapping[Modality, PersonalReader]
    constants: MemoryConstants
    calibration: Calibration
    reliabilities: Mapping[Modality, float]


class PersonalMemory:
    """What one person's answered clips say.

    Args:
        model: constants and heads.
        shots: of this person, in any order.
        weights: (n,) what each shot counts for beforehand; None for 1.
    """

    def __init__(self, model: MemoryModel, shots: Sequence[Shot], weights: Array | None = None) -> None:
        self.shots, self._model = tuple(shots), model
        self._keys = stack_keys(self.shots)
        self._labels = np.array([shot.label for shot in shots], np.float64).reshape(-1, NUM_EMOTIONS)
        self._together, burst = find_bursts(self.shots, model.constants.burst_cosine, self._keys)
        self._whitened = {
            modality: keys @ model.readers[modality].source.whitening
            for modality, (_, keys) in self._keys.items()
            if modality in model.constants.modalities and modality in model.readers
        }
        self._prior = np.ones(len(shots)) if weights is None else weights
        self._exclusions = {
            modality: Exclusions.of(self._together[rows][:, rows], self._labels[rows])
            for modality, (rows, _) in self._keys.items()
        }
        self._own: dict[tuple[Modality, ...], tuple[Array, Array]] = {}
        constants = model.constants
        self._errors = np.array([constants.sure_error if shot.is_sure else constants.unsure_error for shot in shots])
        self._burst: Array = burst * self._prior
        self.trust = self._trust()
        self.weights = self._burst * self.trust
        self._shares: dict[frozenset[Modality], float] = {}

    def probs(self, query: Query, model_probs: Vector) -> Vector:
        """(num_emotions,) what is shown of a query: see `probs_of`."""
        rows = {modality: np.asarray(vector, np.float64)[None] for modality, vector in query.embeddings.items()}
        return np.asarray(self.probs_of(rows, query.reliabilities, np.asarray(model_probs)[None])[0], np.float32)

    def probs_of(self, embeddings: Many, reliabilities: Mapping[Modality, float], model_probs: Vector | Array) -> Vector:
        """Both opinions mixed, and the answer itself where a clip is one that was answered.

        Args:
            embeddings: {modality: (q, d)} of queries that all have these modalities.
            reliabilities: {modality: weight}, summing to 1.
            model_probs: (q, num_emotions) of the model alone.
        """
        share, model = self.share(embeddings), np.asarray(model_probs, np.float64)
        opinion = _tilted(model, self.gains_of(embeddings, reliabilities)) if share > 0 else model
        mixed = share * opinion + (1 - share) * model
        strength, answers = self._recall(embeddings)
        return np.asarray(strength[:, None] * answers + (1 - strength[:, None]) * mixed, np.float32)

    def gains_of(self, embeddings: Many, reliabilities: Mapping[Modality, float]) -> Array:
        """(q, num_emotions) what the clips add to the model's log-probabilities."""
        total: Array = np.zeros((len(next(iter(embeddings.values()))), NUM_EMOTIONS))
        for modality, rows in embeddings.items():
            clips = self._clips(modality, self.weights)
            if clips is not None:
                total += reliabilities[modality] * self._model.readers[modality].gains(rows, clips)
        return total

    def share(self, modalities: Iterable[Modality]) -> float:
        """How far the personal opinion is used for queries of these modalities, from 0 to 1; 0 where no clip has any of them."""
        wanted = frozenset(modalities)
        if wanted not in self._shares:
            self._shares[wanted] = self._find_share(wanted)
        return self._shares[wanted]

    def doubtful(self) -> tuple[int, ...]:
        """Ids of the shots whose answer is more likely a mistake than not: worth another look, see `label_doubt`."""
        doubts = label_doubts(*self._left_out, self._labels, self._errors, self._burst)
        return tuple(shot.shot_id for shot, doubt in zip(self.shots, doubts, strict=True) if doubt > LOOK_AGAIN)

    def explain(self, query: Query) -> Explanation:
        """Which clips were heard about a query, in all modalities together, and how far."""
        found: dict[int, float] = {}
        offset = 0.0
        for modality, embedding in query.embeddings.items():
            clips = self._clips(modality, self.weights)
            if clips is None:
                continue
            reader = self._model.readers[modality]
            whitening, person = reader.source.whitening, reader.person(clips)
            offset += query.reliabilities[modality] * reader.distance(person)
            rows = np.asarray(embedding, np.float64)[None] @ whitening
            near = reader.affinities(rows, person.offset, reader.whitened(clips))
            for row, weight in zip(self._keys[modality][0], query.reliabilities[modality] * clips.weights * near[0], strict=True):
                shot_id = self.shots[row].shot_id
                found[shot_id] = found.get(shot_id, 0.0) + float(weight)
        return Explanation(self.share(query.embeddings), sorted_votes(found), offset)

    def left_out_probs(
        self, modalities: Iterable[Modality], weights: Array | None = None, with_votes: bool = True
    ) -> tuple[Array, Array]:
        """What the memory and the model say of each clip, the clip and its burst left out.

        Returns:
            (n, num_emotions) of the personal opinion and of the model alone; NaN for clips that have none of the modalities.
        """
        used = self.weights if weights is None else weights
        known = self._model.reliabilities
        asked = frozenset(modalities)
        wanted = tuple(modality for modality in self._keys if modality in asked and known.get(modality, 0.0) > 0)
        own, total = self._read_alone(wanted)
        gains: Array = np.zeros((len(self.shots), NUM_EMOTIONS))
        for modality in wanted:
            rows, keys = self._keys[modality]
            reader, clips = self._model.readers[modality], self._clips(modality, used)
            if clips is not None:
                gains[rows] += known[modality] * reader.gains(keys, clips, self._exclusions[modality], with_votes)
        with np.errstate(invalid="ignore", divide="ignore"):
            return _tilted(own, gains / total[:, None]), own

    def _read_alone(self, modalities: tuple[Modality, ...]) -> tuple[Array, Array]:
        """(n, num_emotions) of the model alone, NaN for clips with none of these modalities, and (n,) their reliabilities."""
        if modalities not in self._own:
            model: Array = np.zeros((len(self.shots), NUM_EMOTIONS))
            total: Array = np.zeros(len(self.shots))
            for modality in modalities:
                rows, keys = self._keys[modality]
                model[rows] += self._model.reliabilities[modality] * self._model.readers[modality].head.logits(keys)
                total[rows] += self._model.reliabilities[modality]
            with np.errstate(invalid="ignore", divide="ignore"):
                self._own[modalities] = self._calibrated(model / total[:, None], modalities), total
        return self._own[modalities]

    def left_out_mixture(self, modalities: Iterable[Modality]) -> Array:
        """(n, num_emotions) what would be shown of each clip if it and its burst were not in the memory."""
        wanted = frozenset(modalities)
        personal, model = self.left_out_probs(wanted)
        gains = self._gains(personal, model)
        others: list[NDArray[np.bool_]] = [np.asarray(~row) for row in self._together]
        shares = np.array([self._share_of(float(gains[row].sum()), row) for row in others])
        return shares[:, None] * personal + (1 - shares[:, None]) * model

    def _recall(self, embeddings: Many) -> tuple[Array, Array]:
        """How surely each query is a clip that was answered, (q,), and the answer, (q, num_emotions).

        From 0 at `burst_cosine` to all but the chance of a wrong answer for the very same clip.
        """
        num_queries = len(next(iter(embeddings.values())))
        likeness = np.full((num_queries, len(self.shots)), np.inf)
        for modality, rows in embeddings.items():
            if modality in self._keys:
                places, keys = self._keys[modality]
                likeness[:, places] = np.minimum(likeness[:, places], rows @ keys.T)
        nearest = np.where(np.isinf(likeness), -1.0, likeness)
        least = self._model.constants.burst_cosine
        near = np.clip((nearest - least) / (1 - least + 1e-9), 0.0, 1.0)
        strength = near * self._prior * (1 - self._errors)
        best = strength.argmax(1)
        return strength[np.arange(num_queries), best], self._labels[best]

    def _trust(self) -> Array:
        self._left_out = self.left_out_probs(tuple(Modality), self._burst, with_votes=False)
        personal = self._left_out[0]
        given = (personal * self._labels).sum(1)
        told = np.isfinite(given)
        return np.where(told, label_trust(np.where(told, given, 0.0), self._errors), 1.0)

    def _find_share(self, modalities: frozenset[Modality]) -> float:
        personal, model = self.left_out_probs(modalities)
        usable: NDArray[np.bool_] = np.asarray(np.isfinite(personal).all(1))
        return self._share_of(float(self._gains(personal, model)[usable].sum()), usable)

    def _gains(self, personal: Array, model: Array) -> Array:
        """(n,) weighted nats by which the personal opinion gives the answers more than the model does; 0 for unread clips."""
        ours, theirs = ((probs * self._labels).sum(1) for probs in (personal, model))
        gains = np.log(np.maximum(ours, SMALLEST_PROB)) - np.log(np.maximum(theirs, SMALLEST_PROB))
        return np.where(np.isfinite(gains), self.weights * gains, 0.0)

    def _share_of(self, evidence: float, usable: NDArray[np.bool_]) -> float:
        if not usable.any():
            return 0.0
        constants = self._model.constants
        share = float(1 / (1 + np.exp(-np.clip(constants.evidence_bias + constants.evidence_scale * evidence, -500, 500))))
        num_classes = len(np.unique(self._labels[usable].argmax(1)))
        return share / constants.one_class_discount if num_classes == 1 else share

    def _clips(self, modality: Modality, weights: Array) -> Clips | None:
        if modality not in self._keys or modality not in self._model.constants.modalities:
            return None
        rows, keys = self._keys[modality]
        return Clips(keys, self._labels[rows], weights[rows], self._whitened.get(modality))

    def _calibrated(self, logits: Array, modalities: Sequence[Modality]) -> Array:
        """Each clip by the calibration of those of the modalities that it has."""
        probs = np.full(logits.shape, np.nan)
        has = np.zeros((len(logits), len(modalities)), bool)
        for column, modality in enumerate(modalities):
            has[self._keys[modality][0], column] = True
        for pattern in np.unique(has, axis=0):
            present = [modality for modality, there in zip(modalities, pattern, strict=True) if there]
            rows = np.flatnonzero((has == pattern).all(1))
            if present:
                probs[rows] = self._model.calibration.predict(logits[rows], present)
        return probs


def _tilted(probs: Array, gains: Array) -> Array:
    """(q, c) probabilities with gains added to their logarithms, rows summing to 1."""
    scores = np.log(np.maximum(probs, SMALLEST_PROB)) + gains
    powers = np.exp(scores - scores.max(1, keepdims=True))
    result: Array = powers / powers.sum(1, keepdims=True)
    return result
