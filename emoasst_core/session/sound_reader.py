"""The sound of a recording from any moment on, gapless and in one form, at full or lower speed.

Plain files and encrypted recordings go the same way: read through a file object, decoded here, written nowhere. Use it in a
decoder's process (`sound_process`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
import numpy as np
from av.filter import Graph
from av.stream import Discard

from emoasst_core.capture.media_container import audio_stream, opened, opened_object, start_s, video_stream
from emoasst_core.session.playback_source import Source, Stretch
from emoasst_core.session.sound_format import NUM_CHANNELS, RATE_HZ, Samples

PRE_ROLL_S: Final = 0.1  # an Opus decoder that starts in mid-stream needs 80 ms to settle
STRAY_S: Final = 0.02  # time stamps of Matroska are rounded to milliseconds: what strays by less follows on
SILENCE_S: Final = 0.25  # longest piece of silence given at once


class SoundSeeker:
    """The sound of one file, from any moment. Use from one thread.

    Raises:
        MediaError: the file cannot be used.
    """

    def __init__(self, path: Path | Callable[[], BinaryIO]) -> None:
        self._stack = ExitStack()
        opens = opened(path) if isinstance(path, Path) else opened_object(path())
        self._container = self._stack.enter_context(opens)
        self._stream = audio_stream(self._container)
        streams = (video_stream(self._container), self._stream)
        starts = [start for part in streams if part is not None and (start := start_s(part)) is not None]
        self._origin_s = min(starts, default=0.0)
        for other in self._container.streams:
            if self._stream is None or other.index != self._stream.index:
                other.discard = Discard.all

    def close(self) -> None:
        """Give the file back."""
        self._stack.close()

    def chunks(self, time_s: float) -> Iterator[tuple[float, Samples]]:
        """(start, (n, 2) samples) from a little before a moment to the end; nothing where there is no sound."""
        if self._stream is None:
            return
        target_s = max(0.0, time_s - PRE_ROLL_S) + self._origin_s
        self._container.seek(int(target_s / self._stream.time_base), stream=self._stream)
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE_HZ)
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:  # a damaged part is silent
                continue
            for frame in frames:
                if frame.time is not None:
                    yield float(frame.time) - self._origin_s, _samples(resampler.resample(frame))


class SourceSound:
    """The sound of a file or of a session kept in several. Keeps the file it read last open. Use from one thread."""

    def __init__(self, source: Source) -> None:
        self._parts = (Stretch(0.0, lambda: source.open("rb")),) if isinstance(source, Path) else _by_time(source)
        self._plain = source if isinstance(source, Path) else None
        self._seeker: SoundSeeker | None = None
        self._place = -1

    def close(self) -> None:
        """Give the file back."""
        if self._seeker is not None:
            self._seeker.close()
        self._seeker, self._place = None, -1

    def samples(self, from_s: float, speed: float = 1.0) -> Iterator[Samples]:
        """(n, 2) samples without a gap, the first one of the moment `from_s`; what was not recorded is silence.

        Args:
            speed: below 1 for slower; the pitch stays.

        Raises:
            MediaError, DamagedError: a file cannot be used.
        """
        follows_on = _follow_on(self._chunks(from_s), from_s)
        return follows_on if speed == 1.0 else _slowed(follows_on, speed)

    def _chunks(self, from_s: float) -> Iterator[tuple[float, Samples]]:
        for place, part in enumerate(self._parts):
            next_s = self._parts[place + 1].start_s if place + 1 < len(self._parts) else np.inf
            if next_s <= from_s:
                continue
            for time_s, samples in self._opened(place).chunks(max(0.0, from_s - part.start_s)):
                if time_s + part.start_s >= next_s:
                    break
                yield time_s + part.start_s, samples

    def _opened(self, place: int) -> SoundSeeker:
        if self._seeker is None or place != self._place:
            self.close()
            self._seeker = SoundSeeker(self._plain if self._plain is not None else self._parts[place].open)
            self._place = place
        return self._seeker


def _by_time(stretches: Any) -> tuple[Stretch, ...]:
    return tuple(sorted(stretches, key=lambda stretch: stretch.start_s))


def _follow_on(chunks: Iterator[tuple[float, Samples]], from_s: float) -> Iterator[Samples]:
    done, is_first = round(from_s * RATE_HZ), True
    for time_s, samples in chunks:
        start = round(time_s * RATE_HZ)
        if start + len(samples) <= done and (is_first or done - start > STRAY_S * RATE_HZ):
            continue
        is_stray = not is_first and abs(start - done) <= STRAY_S * RATE_HZ
        if not is_stray and start < done:
            samples = samples[done - start :]
        while not is_stray and start > done:
            silence = np.zeros((min(start - done, round(SILENCE_S * RATE_HZ)), NUM_CHANNELS), np.int16)
            done += len(silence)
            yield silence
        is_first = False
        done += len(samples)
        if len(samples):
            yield samples


def _slowed(pieces: Iterator[Samples], speed: float) -> Iterator[Samples]:
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="s16", layout="stereo", time_base=None)
    stretcher, sink = graph.add("atempo", str(speed)), graph.add("abuffersink")
    graph.link_nodes(source, stretcher, sink).configure()
    position = 0
    for samples in pieces:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE_HZ, position
        position += len(samples)
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[Samples]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield _samples([frame])


def _samples(frames: Any) -> Samples:
    """(n, 2) of packed 16-bit frames."""
    parts = [frame.to_ndarray().reshape(-1, NUM_CHANNELS) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros((0, NUM_CHANNELS), np.int16)
