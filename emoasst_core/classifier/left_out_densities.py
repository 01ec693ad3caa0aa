"""Each clip's density under the person that the other clips make, all clips at once.

Taking a clip and its near-copies out of the sums of `personal_reading` changes, for most clips, one emotion only: their own.
With S_c the sum over all clips, D_ic what is taken out of it for clip i, and r = 1 - b as there,

    o_i = sum_c r_ic (S_c - D_ic) / (1 / tau_u^2 + sum_c a_ic)          v_ic = o_i + tau_c^2 (S_c - D_ic)
    |g_i - m'_ic|^2 = |x_ic|^2 - 2 r_ic x_ic . v_ic + r_ic^2 |v_ic|^2   x_ic = g_i - m_c,  m'_ic = m_c + r_ic v_ic

and written out, only the few D_ic that are not 0 are ever held as vectors; the rest are products with num_emotions columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.memory_constants import ModalityConstants

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What clips say of each query without those left out for it; q is the number of queries.

    Attributes:
        counts: (q, num_emotions) n_c.
        offset: (q, d) u.
        log_densities: (q, num_emotions), without what all emotions share.
    """

    counts: Array
    offset: Array
    log_densities: Array


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Which clips each query is read without, worked out once for any weights of the clips.

    A line is a query and an emotion c with D_ic not 0; most queries have one.

    Attributes:
        mask: (q, n) true where a clip is left out.
        rows, columns: (p,) the query and the emotion of each line, by query.
        parts: of every emotion with lines: c; the clips that are of it, (k,); its lines, (r,); and (r, k) 1 for those left out.
    """

    mask: Mask
    rows: Rows
    columns: Rows
    parts: tuple[tuple[int, Rows, Rows, Array], ...]

    @classmethod
    def of(cls, mask: Mask, labels: Array) -> Self:
        """Of clips with these labels, (n, num_emotions)."""
        owners = [np.flatnonzero(labels[:, column]) for column in range(labels.shape[1])]
        left = [mask[:, own] for own in owners]
        rows, columns = np.nonzero(np.stack([without.any(1) for without in left], 1))
        parts = []
        for column, (own, without) in enumerate(zip(owners, left, strict=True)):
            lines = np.flatnonzero(columns == column)
            if len(lines):
                parts.append((column, own, lines, without[rows[lines]].astype(np.float64)))
        return cls(mask, rows, columns, tuple(parts))

    def taken(self, shares: Array, keys: Array, means: Array) -> tuple[Array, Array]:
        """What is taken out of n_c, (p,), and D_ic, (p, d)."""
        counts, vectors = np.empty(len(self.rows)), np.empty((len(self.rows), keys.shape[1]))
        for column, own, lines, without in self.parts:
            weights, centred = shares[own, column], keys[own]
            centred -= means[column]
            centred *= weights[:, None]
            counts[lines], vectors[lines] = without @ weights, without @ centred
        return counts, vectors

    def of_lines(self, values: Array) -> Array:
        """(q, d) -> (p, d) the row of each line's query; the very array where every query has one line."""
        return values if self._is_one_each else values[self.rows]

    def subtract(self, values: Array, vectors: Array) -> None:
        """Take each line's vector, (p, d), out of its query's row of (q, d)."""
        if self._is_one_each:
            values -= vectors
        else:
            np.subtract.at(values, self.rows, vectors)

    @property
    def _is_one_each(self) -> bool:
        return len(self.rows) == len(self.mask) and bool((np.diff(self.rows) == 1).all())


def left_out_densities(
    queries: Array, keys: Array, shares: Array, exclusions: Exclusions, means: Array, constants: ModalityConstants
) -> LeftOut:
    """Read whitened queries, each without clips of its own.

    Args:
        queries: (q, d).
        keys: (n, d) whitened.
        shares: (n, num_emotions) w_i y_ic.
        exclusions: clips that a query is read without.
        means: (num_emotions, d) m_c, whitened.
        constants: tau_u^2 and tau_c^2.
    """
    tau, counts = constants.style_variance, shares.sum(0)
    sums = shares.T @ keys - counts[:, None] * means
    columns = exclusions.columns
    lines = exclusions.rows, columns
    fewer, vectors = exclusions.taken(shares, keys, means)
    left = np.tile(counts, (len(queries), 1))
    left[lines] = np.maximum(left[lines] - fewer, 0.0)
    ratios = 1 / (1 + left * tau)
    precision = 1 / constants.person_variance + (left * ratios).sum(1, keepdims=True)
    offset = ratios @ sums
    exclusions.subtract(offset, vectors * ratios[lines][:, None])
    offset /= precision
    both, line = np.concatenate([means, sums]).T, np.arange(len(vectors))  # one product in place of two
    by_query, by_offset, by_vector = (np.split(rows @ both, 2, 1) for rows in (queries, offset, vectors))
    of_mean, of_sum = (products[line, columns] for products in by_vector)
    of_queries, of_offset = (_row_products(exclusions.of_lines(rows), vectors) for rows in (queries, offset))
    to_sums, across = by_query[1] - (means * sums).sum(1), by_offset[1]
    squares = np.tile((sums**2).sum(1), (len(queries), 1))
    to_sums[lines] -= of_queries - of_mean
    across[lines] -= of_offset
    squares[lines] += _row_products(vectors, vectors) - 2 * of_sum
    along = _row_products(queries, offset)[:, None] - by_offset[0] + tau * to_sums
    lengths = _row_products(offset, offset)[:, None] + 2 * tau * across + tau**2 * squares
    apart = _row_products(queries, queries)[:, None] - 2 * by_query[0] + (means**2).sum(1)
    variance = 1 + (tau * ratios + ratios**2 / precision).mean(1, keepdims=True)
    return LeftOut(left, offset, -0.5 * (apart - 2 * ratios * along + ratios**2 * lengths) / variance)


def _row_products(left: Array, right: Array) -> Array:
    """(n, d) and (n, d) -> (n,) products of each row with its own."""
    result: Array = np.einsum("ij,ij->i", left, right)
    return result
