"""Where the seven emotions lie in the starter's joint space before any tower is trained.

Supervised contrastive training drives class means to a simplex equiangular tight frame (Papyan, Han and Donoho 2020; for SupCon
Graf et al. 2021): seven unit vectors whose cosines are all -1/6. Fixing that end point lets the face, voice and text towers be
trained one after another, in any order, and still meet in one space.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import NUM_EMOTIONS

ANCHOR_SEED = 20241  # any value: it only turns the frame in the space


def emotion_anchors(embed_dim: int) -> NDArray[np.float32]:
    """Unit vectors, one per emotion, with equal angles.

    Returns:
        (num_emotions, embed_dim) float32.

    >>> a = emotion_anchors(32); bool(abs(a[0] @ a[1] + 1 / 6) < 1e-6)
    True
    """
    rotation, _ = np.linalg.qr(np.random.default_rng(ANCHOR_SEED).normal(size=(embed_dim, NUM_EMOTIONS)))
    centred = np.eye(NUM_EMOTIONS) - 1.0 / NUM_EMOTIONS
    simplex = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(simplex @ rotation.T, np.float32)
