"""Each clip's density under the person that the other clips make, all clips at once.

Taking a clip and its near-copies out of the sums of `personal_reading` changes, for most clips, one emotion only: their own.
With S_c the sum over all clips, D_ic what is taken out of it for clip i, and r = 1 - b as there,

    o_i = sum_c r_ic (S_c - D_ic) / (1 / tau_u^2 + sum_c a_ic)          v_ic = o_i + tau_c^2 (S_c - D_ic)
    |g_i - m'_ic|^2 = |x_ic|^2 - 2 r_ic x_ic . v_ic + r_ic^2 |v_ic|^2   x_ic = g_i - m_c,  m'_ic = m_c + r_ic v_ic

and written out, only the few D_ic that are not 0 are ever held as vectors; the rest are products with num_emotions columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
class _Taken:
    """D_ic of one emotion c, for the queries where it is not 0, and what is taken out of n_c."""

    column: int
    rows: Rows
    counts: Array
    vectors: Array


def left_out_densities(
    queries: Array, keys: Array, shares: Array, left_out: Mask, means: Array, constants: ModalityConstants
) -> LeftOut:
    """Read whitened queries, each without clips of its own.

    Args:
        queries: (q, d).
        keys: (n, d) whitened.
        shares: (n, num_emotions) w_i y_ic.
        left_out: (q, n) clips that a query is read without.
        means: (num_emotions, d) m_c, whitened.
        constants: tau_u^2 and tau_c^2.
    """
    tau, counts = constants.style_variance, shares.sum(0)
    sums = shares.T @ keys - counts[:, None] * means
    taken = list(_taken(keys, shares, left_out, means))
    left = np.tile(counts, (len(queries), 1))
    for part in taken:
        left[part.rows, part.column] = np.maximum(left[part.rows, part.column] - part.counts, 0.0)
    ratios = 1 / (1 + left * tau)
    precision = 1 / constants.person_variance + (left * ratios).sum(1, keepdims=True)
    offset = ratios @ sums
    for part in taken:
        offset[part.rows] -= ratios[part.rows, part.column, None] * part.vectors
    offset /= precision
    along, lengths = _products(queries, offset, sums, means, taken, tau)
    apart = _row_products(queries, queries)[:, None] - 2 * queries @ means.T + (means**2).sum(1)
    variance = 1 + (tau * ratios + ratios**2 / precision).mean(1, keepdims=True)
    return LeftOut(left, offset, -0.5 * (apart - 2 * ratios * along + ratios**2 * lengths) / variance)


def _taken(keys: Array, shares: Array, left_out: Mask, means: Array) -> Iterator[_Taken]:
    for column, middle in enumerate(means):
        own = np.flatnonzero(shares[:, column])
        without = left_out[:, own]
        rows = np.flatnonzero(without.any(1))
        if len(rows):
            weights = without[rows] * shares[own, column]
            yield _Taken(column, rows, weights.sum(1), weights @ (keys[own] - middle))


def _products(queries: Array, offset: Array, sums: Array, means: Array, taken: list[_Taken], tau: float) -> tuple[Array, Array]:
    """x . v and |v|^2, (q, num_emotions) each."""
    to_offset = _row_products(queries, offset)[:, None] - offset @ means.T
    to_sums = queries @ sums.T - (means * sums).sum(1)
    across, squares = offset @ sums.T, np.tile((sums**2).sum(1), (len(queries), 1))
    for part in taken:
        place, vectors = (part.rows, part.column), part.vectors
        to_sums[place] -= _row_products(queries[part.rows], vectors) - vectors @ means[part.column]
        across[place] -= _row_products(offset[part.rows], vectors)
        squares[place] += _row_products(vectors, vectors) - 2 * (vectors @ sums[part.column])
    lengths = _row_products(offset, offset)[:, None] + 2 * tau * across + tau**2 * squares
    return to_offset + tau * to_sums, lengths


def _row_products(left: Array, right: Array) -> Array:
    """(n, d) and (n, d) -> (n,) products of each row with its own."""
    result: Array = np.einsum("ij,ij->i", left, right)
    return result
