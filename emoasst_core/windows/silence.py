"""Takes the silence off both ends of a clip, so that a voice is heard alike however generously it was cut."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SILENCE_SHARE = 0.03  # of a clip's loudest sample
MARGIN = 1600  # 0.1 s kept around the voice, as the utterance segmenter does


def trim_silence(samples: NDArray[Any]) -> NDArray[Any]:
    """(n,) sound of any number type -> the stretch from the first loud sample to the last, with a margin.

    >>> len(trim_silence(np.r_[np.zeros(8000), np.ones(800), np.zeros(8000)]))
    4000
    """
    size = np.abs(samples.astype(np.float32))
    loud = np.flatnonzero(size > SILENCE_SHARE * size.max(initial=0.0))
    return samples[max(0, loud[0] - MARGIN) : loud[-1] + 1 + MARGIN] if len(loud) else samples
