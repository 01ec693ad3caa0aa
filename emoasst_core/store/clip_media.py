"""Keeping only the clips to ask about: cut out of a recording that passes, each a sealed file of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import av
import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.store.media import WRITING, MediaVault
from emoasst_core.store.passing_recording import PassingRecording
from emoasst_core.store.segment_writer import SegmentWriter, kept_size

Span = tuple[float, float]
KEY_PICTURES_S: Final = 2.5  # the recorder writes a key picture at least this often


def keep_clips(vault: MediaVault, session_id: str, passing: PassingRecording, spans: Sequence[Span]) -> int:
    """Keep these stretches of a recording that passes, encoded anew to the picture and the sample, under a key of their own.

    Args:
        spans: (start, end) in seconds of the session; those that overlap become one.

    Returns:
        How many files were written.

    Raises:
        StoreError: the session is recorded already.
        OSError: the disk refuses.
    """
    cut = [(span, list(_items(passing, *span))) for span in merged(spans)]
    kept = [(span, items) for span, items in cut if items]
    if not kept:
        return 0
    vault.begin(session_id, is_clips=True)
    for number, (span, items) in enumerate(kept, 1):
        _write(vault, session_id, number, span, items)
    return len(kept)


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The spans by time, those that overlap or touch as one.

    >>> merged([(5.0, 9.0), (1.0, 3.0), (8.0, 12.0)])
    ((1.0, 3.0), (5.0, 12.0))
    """
    found: list[Span] = []
    for start_s, end_s in sorted(spans):
        if found and start_s <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end_s)
        else:
            found.append((start_s, end_s))
    return tuple(found)


def _write(vault: MediaVault, session_id: str, number: int, span: Span, items: Sequence[Frame | AudioBlock]) -> None:
    frames = [item for item in items if isinstance(item, Frame)]
    path = vault.path(session_id, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    vault.open_segment(session_id, number, span[0])
    writer = SegmentWriter(
        path.with_name(path.name + WRITING), vault.segment_key(session_id, number), span[0],
        kept_size(frames[0]) if frames else None, len(frames) < len(items),
    )  # fmt: skip
    for item in sorted(items, key=_start_s):
        if isinstance(item, Frame):
            writer.frame(item)
        else:
            writer.sound(item)
    writer.finish()
    writer.path.replace(path)
    vault.close_segment(session_id, number, span[1])


def _items(passing: PassingRecording, start_s: float, end_s: float) -> Iterator[Frame | AudioBlock]:
    """Pictures and sound between two moments of the session."""
    for segment in passing.segments:
        if segment.start_s < end_s and (segment.end_s or math.inf) > start_s:
            with passing.open(segment.number) as reader, av.open(reader, options={"protocol_whitelist": "none"}) as container:
                for stream in container.streams:
                    yield from _of_stream(container, stream, segment.start_s, start_s, end_s)


def _of_stream(container: Any, stream: Any, origin_s: float, start_s: float, end_s: float) -> Iterator[Frame | AudioBlock]:
    target_s = max(0.0, start_s - origin_s - KEY_PICTURES_S)
    container.seek(int(target_s / stream.time_base), stream=stream)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    for packet in container.demux(stream):
        for one in packet.decode():
            time_s = origin_s + float(one.time or 0.0)
            if time_s >= end_s:
                return
            if stream.type == "video":
                if time_s >= start_s:
                    yield Frame(time_s, np.ascontiguousarray(one.to_ndarray(format="rgb24")))
            else:
                parts = [part.to_ndarray().reshape(-1) for part in resampler.resample(one)]
                yield from _cut(time_s, np.concatenate(parts) if parts else np.zeros(0, np.float32), start_s, end_s)


def _cut(time_s: float, samples: Any, start_s: float, end_s: float) -> Iterator[AudioBlock]:
    first = max(0, round((start_s - time_s) * SAMPLE_RATE_HZ))
    last = max(0, round((end_s - time_s) * SAMPLE_RATE_HZ))
    if len(samples[first:last]):
        yield AudioBlock(time_s + first / SAMPLE_RATE_HZ, np.asarray(samples[first:last], np.float32))


def _start_s(item: Frame | AudioBlock) -> float:
    return item.time_s if isinstance(item, Frame) else item.start_s
