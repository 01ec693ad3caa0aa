"""The formulas of the personal memory for one modality, in the space whitened by what varies within an emotion at the source.

A clip is g = m_c + u + v_c + noise: the source's class mean, the person's offset (variance tau_u^2, shared by all emotions, so
that one without clips gains too), the person's way of showing this emotion (tau_c^2), and noise of variance 1. With
n_c = sum_i w_i y_ic and r_c the mean of g_i - m_c over them:

    a_c = n_c / (1 + n_c tau_c^2)         u = sum_c a_c r_c / (1 / tau_u^2 + sum_c a_c)
    b_c = n_c tau_c^2 / (1 + n_c tau_c^2)
    m'_c = m_c + (1 - b_c) u + b_c r_c    s^2 = mean_c [tau_c^2 (1 - b_c) + (1 - b_c)^2 / (1 / tau_u^2 + sum_c a_c)]
    gain_c = 1/T [log N(g; m'_c, 1 + s^2) - log N(g; m_c, 1 + tau_c^2 + tau_u^2)]  +  alpha n_c / (n_c + kappa) (V_c - A_c)

One s^2 for all emotions: where clips vary more than the source's, a variance of each emotion's own would favour those with few
clips (measured on faces seen by other cameras: 1 to 2 points of UAR lost with unbalanced answers, none with one variance).

V_c is the mean affinity of the person's own clips, centred by u, to the query; A_c that of the source's exemplars: a mean
instead of the cache's sum, so that more clips of one emotion do not make it louder, less what the model knew already. Without
clips every gain is 0. Only sums over clips enter, so one is taken out by leaving it out of the sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.left_out_densities import Exclusions, left_out_densities
from emoasst_core.classifier.memory_constants import ModalityConstants
from emoasst_core.classifier.source_clips import SourceClips
from emoasst_core.classifier.tip_adapter import affinity
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.emotions import NUM_EMOTIONS

SMALLEST = 1e-12
ROWS_AT_ONCE = 32
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Clips:
    """Answered clips of one modality.

    Attributes:
        keys: (n, d) unit vectors.
        labels: (n, num_emotions), rows sum to 1.
        weights: (n,) what each counts for, 0 or more.
        whitened: (n, d) the keys in the reader's space, where that is known already.
    """

    keys: Array
    labels: Array
    weights: Array
    whitened: Array | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What the clips say of a person; v is 1.

    Attributes:
        counts: (v, num_emotions) n_c.
        offset: (v, d) u.
        means: (v, num_emotions, d) m'_c.
        variance: (v, 1) 1 + s^2.
    """

    counts: Array
    offset: Array
    means: Array
    variance: Array


@dataclass(frozen=True)
class PersonalReader:
    """Reads one modality with a person's clips.

    Attributes:
        head: the model's own reading.
        source: what it knows of each emotion.
        constants: how it remembers.
    """

    head: ZeroShotHead
    source: SourceClips
    constants: ModalityConstants

    def person(self, clips: Clips) -> Person:
        """The person behind some clips."""
        return self._person(clips, self.whitened(clips))

    def whitened(self, clips: Clips) -> Array:
        """(n, d) their keys in this reader's space."""
        return clips.keys @ self.source.whitening if clips.whitened is None else clips.whitened

    def gains(self, queries: Array, clips: Clips, left_out: Exclusions | None = None, with_votes: bool = True) -> Array:
        """(q, d) -> (q, num_emotions) what the clips add to the log-probabilities.

        Args:
            left_out: clips that a query is read without.
            with_votes: False for the densities alone, which take half the time.
        """
        keys = self.whitened(clips)
        rows = keys if queries is clips.keys else queries @ self.source.whitening
        if left_out is None:
            person = self._person(clips, keys)
            counts, offset = person.counts, person.offset
            own = _log_normal(rows, person.means[0], person.variance)
        else:
            shares = clips.weights[:, None] * clips.labels
            found = left_out_densities(rows, keys, shares, left_out, self._means, self.constants)
            counts, offset, own = found.counts, found.offset, found.log_densities
        result: Array = (own - _log_normal(rows, self._means, self._widest)) / self.constants.temperature
        if not with_votes or self.constants.alpha == 0:
            return result
        loudness = self.constants.alpha * counts / (counts + self.constants.vote_prior)
        without = None if left_out is None else left_out.mask
        result += loudness * self._votes(rows, offset, counts, (keys, clips.weights[:, None] * clips.labels), without)
        return result

    def distance(self, person: Person) -> float:
        """How far a person lies from the source, 1 for as far as people usually do: |u| / (tau_u sqrt(d))."""
        usual = np.sqrt(self.constants.person_variance * person.offset.shape[1])
        return float(np.linalg.norm(person.offset[0]) / usual)

    def affinities(self, rows: Array, offset: Array, keys: Array, centred: Array | None = None) -> Array:
        """(q, n) how near whitened queries (q, d) are to whitened keys (n, d), both centred by the offset (1 or q, d).

        With an offset per query the keys are centred q times over; expanded, that needs no (q, n, d) array. `centred` are keys of
        other people, which stay where they are.
        """
        queries = rows - offset
        queries = queries / np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), SMALLEST)
        if centred is not None:
            return affinity(np.minimum(queries @ centred.T, 1.0), self.constants.beta)
        cosines, lengths = np.split(np.concatenate([queries, -2 * offset]) @ keys.T, [len(queries)])
        cosines -= (queries * offset).sum(1, keepdims=True)
        lengths += np.einsum("ij,ij->i", keys, keys) + (offset**2).sum(1, keepdims=True)
        cosines /= np.sqrt(np.maximum(lengths, SMALLEST, out=lengths), out=lengths)
        return affinity(np.minimum(cosines, 1.0, out=cosines), self.constants.beta)

    def _votes(self, rows: Array, offset: Array, counts: Array, clips: tuple[Array, Array], left_out: Mask | None) -> Array:
        """(q, num_emotions) V_c - A_c of whitened clips (n, d) with shares (n, num_emotions), a few queries at a time.

        An array of all queries by all clips does not fit the processor's cache.
        """
        keys, shares = clips
        result: Array = np.zeros((len(rows), NUM_EMOTIONS))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            moved = offset if len(offset) == 1 else offset[part]
            near = self.affinities(rows[part], moved, keys)
            if left_out is not None:
                near[left_out[part]] = 0.0
            known = self.affinities(rows[part], moved, self._exemplars, self._exemplars)
            known = known.reshape(len(known), NUM_EMOTIONS, -1).mean(2)
            own = counts if len(counts) == 1 else counts[part]
            result[part] = near @ shares / np.maximum(own, SMALLEST) - known
        return result

    def _person(self, clips: Clips, keys: Array) -> Person:
        """As `person`, of clips whose whitened keys are known."""
        counts, sums = self._sums(clips.weights[:, None] * clips.labels, keys)
        shares, precision, offset = self._offset(counts[None], sums[:, None])
        means = np.stack(list(self._columns(shares, offset, sums[:, None])), 1)
        return Person(counts[None], offset, means, self._variance(shares, precision))

    def _offset(self, counts: Array, sums: Sequence[Array] | Array) -> tuple[Array, Array, Array]:
        """1 - b_c, (v, num_emotions); 1 / tau_u^2 + sum_c a_c, (v, 1); and u, (v, d)."""
        shares = 1 / (1 + counts * self.constants.style_variance)
        precision = 1 / self.constants.person_variance + (counts * shares).sum(1, keepdims=True)
        offset = np.zeros((len(counts), sums[0].shape[1]))
        for column, values in enumerate(sums):
            offset += shares[:, column, None] * values
        return shares, precision, offset / precision

    def _columns(self, shares: Array, offset: Array, sums: Sequence[Array] | Array) -> Iterator[Array]:
        """(v, d) m'_c of every emotion; b_c r_c is tau_c^2 (1 - b_c) times the sum, as r_c = sum / n_c."""
        for column, values in enumerate(sums):
            yield self._means[column] + shares[:, column, None] * (offset + self.constants.style_variance * values)

    def _variance(self, shares: Array, precision: Array) -> Array:
        result: Array = 1 + (self.constants.style_variance * shares + shares**2 / precision).mean(1, keepdims=True)
        return result

    def _sums(self, shares: Array, keys: Array) -> tuple[Array, Array]:
        """n_c, (num_emotions,), and the sums of w_i y_ic (g_i - m_c), (num_emotions, d), of shares w_i y_ic and whitened keys."""
        counts = shares.sum(0)
        return counts, shares.T @ keys - counts[:, None] * self._means

    @cached_property
    def _means(self) -> Array:
        result: Array = self.source.means @ self.source.whitening
        return result

    @cached_property
    def _exemplars(self) -> Array:
        flat = self.source.exemplars.reshape(-1, self.source.exemplars.shape[-1]) @ self.source.whitening
        result: Array = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), SMALLEST)
        return result

    @property
    def _widest(self) -> Array:
        return np.full((1, 1), 1 + self.constants.style_variance + self.constants.person_variance)


def _log_normal(rows: Array, means: Array, variance: Array) -> Array:
    """(q, c) log density of rows (q, d) under means (c, d) and one variance (1, 1), without what all c share."""
    distances = np.einsum("ij,ij->i", rows, rows)[:, None] - rows @ (2 * means).T + (means**2).sum(1)[None]
    result: Array = -0.5 * distances / variance
    return result
