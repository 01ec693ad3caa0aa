"""The form in which decoded sound is handed to a loudspeaker. Importing it brings no decoder in."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 48_000
NUM_CHANNELS: Final = 2
BYTES_PER_S: Final = RATE_HZ * NUM_CHANNELS * 2  # 16-bit samples
Samples = NDArray[np.int16]  # (n, NUM_CHANNELS)
