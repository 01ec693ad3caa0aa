"""Takes raw sound from a device's callback and hands it on as contiguous mono 16 kHz blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from emoasst_core.capture.clock_steering import ClockSteering
from emoasst_core.capture.ring_buffer import RingBuffer
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock

CAPACITY = 600  # callbacks of 0.1 s: a minute of sound waits for a slow reader before any is lost
MIN_GAP_S = 0.1  # a stamp this much later than the samples count means that sound is missing between them


class SoundInlet:
    """The two ends of a microphone: `accept` belongs to the callback, `blocks` to the reading thread.

    Args:
        sample_rate_hz: at which the device delivers.

    Attributes:
        sample_rate_hz: as given.
        num_overruns: how often the device or the reader lost sound.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._ring: RingBuffer[tuple[float, NDArray[np.float32]]] = RingBuffer(CAPACITY)
        self._device_overruns = 0

    @property
    def num_overruns(self) -> int:
        """See the class."""
        return self._device_overruns + self._ring.num_dropped

    def accept(self, start_s: float, samples: NDArray[np.float32], has_overrun: bool = False) -> None:
        """Copy (n, num_channels) samples and return; `start_s` is when the first of them was heard."""
        self._device_overruns += has_overrun
        self._ring.put((start_s, samples.copy()))

    def close(self) -> None:
        """Let the reader finish what waits, then end."""
        self._ring.close()

    def blocks(self, timeout_s: float, opening_s: float | None = None) -> Iterator[AudioBlock]:
        """Contiguous blocks; sound lost on the way is replaced by silence, and a drifting card is steered: times stay right.

        Args:
            timeout_s: nothing for this long is an error.
            opening_s: ... except before the first block, which may take this long; None for no exception.

        Raises:
            TimeoutError: nothing came in time.
        """
        resampler = soxr.ResampleStream(self.sample_rate_hz, SAMPLE_RATE_HZ, 1)
        steering = ClockSteering(self.sample_rate_hz)
        origin_s: float | None = None
        num_heard = num_sent = 0  # at the device's rate, at 16 kHz
        while True:
            item = self._ring.get(timeout_s if origin_s is not None or opening_s is None else opening_s)
            if item is None and not self._ring.is_closed:
                raise TimeoutError
            if origin_s is None:
                if item is None:
                    return
                origin_s = item[0]
            if item is None:
                samples = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
            else:
                late_s = item[0] - origin_s - num_heard / self.sample_rate_hz
                sound = item[1].mean(axis=1)
                heard = self._bridged(late_s, sound) if late_s > MIN_GAP_S else steering.steer(late_s, sound)
                num_heard += len(heard)
                samples = resampler.resample_chunk(heard)
            if len(samples):
                yield AudioBlock(origin_s + num_sent / SAMPLE_RATE_HZ, np.clip(samples, -1.0, 1.0))
                num_sent += len(samples)
            if item is None:
                return

    def _bridged(self, gap_s: float, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([np.zeros(round(gap_s * self.sample_rate_hz), np.float32), samples])
