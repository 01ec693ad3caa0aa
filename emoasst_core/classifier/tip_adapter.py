"""The formula of the cache (Tip-Adapter, Zhang et al. 2022; EmoAsst, Eq. 3-4). It stands here and nowhere else."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoasst_core.errors import CacheError

Numbers = TypeVar("Numbers")  # a float, a numpy array or a torch tensor


def affinity(cosine: Numbers, beta: float) -> Numbers:
    """How much a shot counts for a query: exp(-beta (1 - cosine)), 1 for the very same direction.

    EmoAsst prints the query inside this function (Eq. 4); as in Tip-Adapter, its argument is the cosine.

    >>> float(affinity(1.0, 5.5)), round(float(affinity(0.5, 2.0)), 4)
    (1.0, 0.3679)

    Args:
        cosine: any shape; array or tensor.
        beta: sharpness; the larger, the fewer shots are heard.
    """
    power: Any = -beta * (1 - cast(Any, cosine))
    result: Numbers = power.exp() if hasattr(power, "exp") else np.exp(power)  # tensors have their own, with a gradient
    return result


def weigh_values(query: Numbers, cache_keys: Numbers, cache_values: Numbers, beta: float) -> Numbers:
    """affinity(query . keys) . values, unchecked, for arrays and for tensors that want a gradient."""
    left, keys, values = cast(Any, query), cast(Any, cache_keys), cast(Any, cache_values)
    result: Numbers = affinity(left @ keys.T, beta) @ values
    return result


def cache_logits(query: ArrayLike, cache_keys: ArrayLike, cache_values: ArrayLike, beta: float) -> NDArray[np.float64]:
    """What the shots say about a query: the sum of their labels, each weighted by its affinity.

    Args:
        query: (d,) or (b, d) unit vectors.
        cache_keys: (n, d) unit vectors, one per shot; n may be 0.
        cache_values: (n, c) labels, one-hot or soft.
        beta: sharpness.

    Returns:
        (c,) or (b, c); zeros for an empty cache.

    Raises:
        CacheError: shapes that do not fit together.
    """
    queries, keys, values = (np.asarray(array, np.float64) for array in (query, cache_keys, cache_values))
    fits = queries.ndim in (1, 2) and keys.ndim == values.ndim == 2 and len(keys) == len(values)
    if not fits or queries.shape[-1] != keys.shape[1]:
        raise CacheError(f"Query {queries.shape}, cache keys {keys.shape} and values {values.shape} do not fit together.")
    return weigh_values(queries, keys, values, beta)
