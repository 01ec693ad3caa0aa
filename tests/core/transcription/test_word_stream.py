from __future__ import annotations

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Word
from emoasst_core.transcription.word_stream import PART_LENGTH, PartsStream


class Lengths:
    """Names the length of what it was given, in tenths of a second."""

    name, is_basic = "lengths", False

    def transcribe(self, samples: np.ndarray, start_s: float) -> Transcript:
        return Transcript((Word(start_s, start_s + 0.1, str(round(10 * len(samples) / SAMPLE_RATE_HZ))),), self.name)


def seconds(length_s: float) -> np.ndarray:
    return np.ones(round(length_s * SAMPLE_RATE_HZ), np.float32)


def test_parts_are_read_meanwhile_and_the_whole_at_the_end() -> None:
    stream = PartsStream(Lengths())
    stream.begin(5.0)
    words = [stream.feed(np.ones(PART_LENGTH // 2, np.float32)).text for _ in range(4)]
    assert words == ["", "16", "16", "16 16"]
    assert stream.finish(8.0).text == "30"


def test_sound_beyond_a_cut_is_the_next_utterances() -> None:
    stream = PartsStream(Lengths())
    stream.begin(0.0)
    stream.feed(seconds(8.0))
    assert stream.finish(6.5).text == "65"
    stream.begin(8.0)
    stream.feed(seconds(1.0))
    final = stream.finish(9.0)
    assert final.text == "25" and final.words[0].start_s == 6.5


def test_sound_beyond_a_cut_is_dropped_where_nobody_goes_on() -> None:
    stream = PartsStream(Lengths())
    stream.begin(0.0)
    stream.feed(seconds(8.0))
    stream.finish(6.5)
    stream.begin(20.0)
    stream.feed(seconds(1.0))
    assert stream.finish(21.0).text == "10"
