"""Turns a decoded audio stream into contiguous mono 16 kHz blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_container import Warn, decoded
from emoasst_core.capture.picture_reader import MAX_JUMP_S, MAX_LENGTH_S
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock

BLOCK_LENGTH = 1_600  # 0.1 s
MIN_GAP_S = 0.05  # time stamps are rounded to the container's tick (up to 23 ms); only more than that is missing sound
SILENT_PEAK = 1e-4  # -80 dB: a channel that never got louder carries nothing


class SoundReader:
    """Blocks of one audio stream. Sound that is missing between two time stamps becomes silence, so times stay right.

    Args:
        container: from `media_container.opened`.
        stream: its audio stream.
        origin_s: time stamp that becomes 0.
        warn: told what is missing.

    Attributes:
        sample_rate_hz, num_channels: of the original sound, once the first block came.
    """

    def __init__(self, container: Any, stream: Any, origin_s: float, warn: Warn) -> None:
        self._container = container
        self._stream = stream
        self._origin_s = origin_s
        self._warn = warn
        self.sample_rate_hz = 0
        self.num_channels = 0
        self._resampler: Any = None
        self._layout: tuple[str, int, str] | None = None
        self._mixer = Mixer()

    def blocks(self) -> Iterator[AudioBlock]:
        """Blocks of 0.1 s, the last one shorter."""
        pending: list[NDArray[np.float32]] = []
        num_pending = 0
        position: int | None = None  # of the next sample to send, counted from the session's start
        for piece_s, piece in self._pieces():
            if position is None:
                position = max(0, round(piece_s * SAMPLE_RATE_HZ))
                piece = piece[max(0, -round(piece_s * SAMPLE_RATE_HZ)) :]  # sound from before the start
            pending.append(piece)
            num_pending += len(piece)
            if num_pending < BLOCK_LENGTH:
                continue
            samples = np.concatenate(pending)
            num_whole = num_pending // BLOCK_LENGTH * BLOCK_LENGTH
            for start in range(0, num_whole, BLOCK_LENGTH):
                yield AudioBlock((position + start) / SAMPLE_RATE_HZ, samples[start : start + BLOCK_LENGTH])
            position += num_whole
            pending, num_pending = [samples[num_whole:]], num_pending - num_whole
        if num_pending and position is not None:
            yield AudioBlock(position / SAMPLE_RATE_HZ, np.concatenate(pending))

    def _pieces(self) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """(start_s, samples) of every decoded frame, gaps filled; only the first start_s need be believed."""
        expected_s: float | None = None
        start_s = filled_s = 0.0
        for frame in decoded(self._container, self._stream, self._warn):
            if expected_s is not None and expected_s > MAX_LENGTH_S:
                self._warn(f"The sound is far longer than any conversation; it was left out after {expected_s:.0f} s.")
                break
            frame_s = None if frame.time is None else frame.time - self._origin_s
            if expected_s is None:
                start_s = expected_s = frame_s or 0.0
            elif frame_s is not None:
                gap_s = frame_s - expected_s
                if not -1.0 < gap_s < MAX_JUMP_S - filled_s:
                    self._origin_s += gap_s
                    self._warn(f"The sound's time stamps jump after {expected_s:.1f} s; it was joined there.")
                elif gap_s > MIN_GAP_S:
                    filled_s += gap_s
                    yield from _silence(expected_s, gap_s)
                    expected_s = frame_s
            yield start_s, self._mixer.mix(self._resample(frame))
            start_s = expected_s = expected_s + frame.samples / frame.sample_rate
        if self._resampler is not None:
            yield start_s, self._mixer.mix(_joined(self._resampler.resample(None)))

    def _resample(self, frame: Any) -> NDArray[np.float32]:
        """(num_channels, n) at 16 kHz; a recording may change its layout on the way."""
        layout = (frame.format.name, frame.sample_rate, frame.layout.name)
        tail: list[Any] = []
        if layout != self._layout:
            if self._resampler is not None:
                tail = self._resampler.resample(None)
                self._mixer = Mixer()
            self._resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=SAMPLE_RATE_HZ)
            self._layout = layout
            self.sample_rate_hz, self.num_channels = frame.sample_rate, len(frame.layout.channels)
        samples = _joined(self._resampler.resample(frame))
        if not tail:
            return samples
        return np.concatenate([_joined(tail).mean(0, keepdims=True), samples.mean(0, keepdims=True)], axis=1)


class Mixer:
    """Mixes channels to one by averaging those that carry sound.

    A fixed matrix would drop the eighth channel of a microphone array as "subwoofer", and a plain mean would leave a
    single clip-on microphone on channel 1 of 8 at -18 dB.
    """

    def __init__(self) -> None:
        self._is_active: NDArray[np.bool_] = np.zeros(0, bool)

    def mix(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """(num_channels, n) -> (n,), clipped to [-1, 1]; not-a-number becomes 0."""
        channels = np.nan_to_num(channels, nan=0.0, posinf=1.0, neginf=-1.0)
        loud = np.abs(channels).max(axis=1, initial=0.0) > SILENT_PEAK
        self._is_active = loud | self._is_active if len(self._is_active) == len(loud) else loud
        mixed = channels.sum(axis=0) / max(1, int(self._is_active.sum()))
        return np.asarray(np.clip(mixed, -1.0, 1.0), np.float32)


def _joined(frames: list[Any]) -> NDArray[np.float32]:
    """(num_channels, n) from frames of interleaved samples."""
    arrays = [frame.to_ndarray().reshape(-1, len(frame.layout.channels)).T for frame in frames]
    return np.concatenate(arrays, axis=1) if arrays else np.zeros((1, 0), np.float32)


def _silence(start_s: float, length_s: float) -> Iterator[tuple[float, NDArray[np.float32]]]:
    remaining = round(length_s * SAMPLE_RATE_HZ)
    while remaining > 0:
        length = min(remaining, BLOCK_LENGTH)
        yield start_s, np.zeros(length, np.float32)
        remaining -= length
