"""A long session made from a short one: the recording looped packet by packet, its rows repeated along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emoasst_core.datatypes import TimelineSpan, Word
from emoasst_core.store.sessions import SessionRecord, UtteranceRow


def loop_recording(source: Path, target: Path, length_s: float) -> Path:
    """Repeat a recording until it lasts `length_s`, without encoding anything anew.

    Raises:
        OSError: a file cannot be read or written.
    """
    import av

    with open(source, "rb") as handle, av.open(handle) as short:
        step_s = float(short.duration or 0) / av.time_base
        kept = [
            (packet.stream.index, bytes(packet), packet.pts, packet.dts, packet.is_keyframe, packet.time_base)
            for packet in short.demux()
            if packet.dts is not None
        ]
        with av.open(str(target), "w") as long:
            streams = {stream.index: long.add_stream_from_template(stream) for stream in short.streams}
            for turn in range(int(length_s / step_s) + 1):
                for index, content, pts, dts, is_key, time_base in kept:
                    shift = round(turn * step_s / time_base)
                    if float((pts + shift) * time_base) > length_s:
                        continue
                    packet = av.Packet(content)
                    packet.pts, packet.dts, packet.time_base, packet.is_keyframe = pts + shift, dts + shift, time_base, is_key
                    packet.stream = streams[index]
                    long.mux(packet)
    return target


def repeat_session(record: SessionRecord, recording: Path, length_s: float) -> SessionRecord:
    """The rows of a session again and again until `length_s`; utterances are numbered on."""
    step_s = record.duration_s
    spans: list[TimelineSpan] = []
    words: list[Word] = []
    rows: list[UtteranceRow] = []
    for turn in range(int(length_s / step_s) + 1):
        shift_s = turn * step_s
        for span in record.timeline.spans:
            spans.append(replace(span, start_s=span.start_s + shift_s, end_s=min(span.end_s + shift_s, length_s)))
        for word in record.timeline.words:
            words.append(replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s))
        for row in record.utterances:
            moved = replace(row, number=len(rows) + 1, start_s=row.start_s + shift_s, end_s=row.end_s + shift_s)
            rows.append(moved)
    timeline = replace(
        record.timeline,
        recording=recording.name,
        duration_s=length_s,
        spans=tuple(span for span in spans if span.start_s < span.end_s),
        words=tuple(word for word in words if word.end_s <= length_s),
    )
    kept = tuple(row for row in rows if row.end_s <= length_s)
    return replace(record, recording=str(recording), duration_s=length_s, timeline=timeline, utterances=kept)
