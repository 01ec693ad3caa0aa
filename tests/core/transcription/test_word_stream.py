from __future__ import annotations

import numpy as np
import pytest

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Word
from emoasst_core.transcription.word_stream import PART_LENGTH, RESTING, WHOLE_LENGTH, PartsStream


class Lengths:
    """Names the length of what it was given, in tenths of a second; every reading takes `takes_s` of its own clock."""

    name, is_basic = "lengths", False

    def __init__(self, reads_windows: bool = False, takes_s: float = 0.0) -> None:
        self.reads_windows, self.takes_s = reads_windows, takes_s
        self.now_s = 0.0
        self.read: list[int] = []

    def clock(self) -> float:
        return self.now_s

    def transcribe(self, samples: np.ndarray, start_s: float) -> Transcript:
        tenths = round(10 * len(samples) / SAMPLE_RATE_HZ)
        self.read.append(tenths)
        self.now_s += self.takes_s
        return Transcript((Word(start_s, start_s + 0.1, str(tenths)),), self.name)


NOTHING = np.zeros(0, np.float32)


def seconds(length_s: float) -> np.ndarray:
    return np.ones(round(length_s * SAMPLE_RATE_HZ), np.float32)


def test_parts_are_read_meanwhile_and_the_whole_at_the_end() -> None:
    stream = PartsStream(Lengths())
    stream.begin(5.0)
    words = [stream.feed(np.ones(PART_LENGTH // 2, np.float32)).text for _ in range(2)]
    assert words == ["", "7"]  # up to the quietest place behind three fifths; all are as loud
    assert stream.finish(NOTHING, 6.2).text == "12"


def test_a_part_is_cut_where_it_is_quietest() -> None:
    transcriber = Lengths()
    stream = PartsStream(transcriber)
    spoken = seconds(2.0)
    spoken[round(1.5 * SAMPLE_RATE_HZ) : round(1.6 * SAMPLE_RATE_HZ)] = 0.01
    stream.begin(0.0)
    stream.feed(spoken)
    assert transcriber.read[0] in (15, 16)
    stream.feed(seconds(1.7))
    assert stream.feed(NOTHING).words[1].start_s == pytest.approx(1.55, abs=0.05)  # the next goes on there


@pytest.mark.parametrize("reads_windows", [False, True])
def test_where_a_pause_was_the_end_its_words_are_there_already(reads_windows: bool) -> None:
    transcriber = Lengths(reads_windows)
    stream = PartsStream(transcriber)
    stream.begin(0.0)
    stream.feed(seconds(1.0))
    assert stream.feed(seconds(0.3), is_pause=True).text == "13"
    assert stream.finish(NOTHING, 1.2).text == "13"
    assert transcriber.read == [13]


def test_who_speaks_on_after_a_pause_is_read_anew() -> None:
    transcriber = Lengths()
    stream = PartsStream(transcriber)
    stream.begin(0.0)
    stream.feed(seconds(1.0), is_pause=True)
    stream.feed(seconds(0.5))
    assert stream.finish(seconds(0.2), 1.7).text == "17"


def test_of_a_long_utterance_only_the_unread_end_is_read_at_a_pause() -> None:
    transcriber = Lengths()
    stream = PartsStream(transcriber)
    stream.begin(0.0)
    for _ in range(14):
        stream.feed(seconds(0.5))
    num_read, tenths = len(transcriber.read), sum(transcriber.read)
    stream.feed(seconds(0.2), is_pause=True)
    final = stream.finish(NOTHING, 7.1)
    (last,) = transcriber.read[num_read:]
    assert last == pytest.approx(72 - tenths, abs=2) and last <= 20  # tenths of a second, each rounded
    assert len(final.words) == len(transcriber.read) and 7.2 * SAMPLE_RATE_HZ > WHOLE_LENGTH


def test_on_a_slow_machine_only_the_unread_end_is_read_at_a_pause() -> None:
    transcriber = Lengths(takes_s=1.5)
    stream = PartsStream(transcriber, transcriber.clock)
    stream.begin(0.0)
    stream.feed(seconds(2.0))
    assert len(stream.feed(seconds(0.4), is_pause=True).words) == 2 and max(transcriber.read) <= 20


def test_a_transcriber_of_windows_always_reads_all_that_was_said() -> None:
    transcriber = Lengths(reads_windows=True)
    stream = PartsStream(transcriber)
    stream.begin(0.0)
    for _ in range(14):
        stream.feed(seconds(0.5))
    assert stream.finish(NOTHING, 7.0).text == "70" and transcriber.read == [15, 30, 45, 60, 70]


def test_a_slow_transcriber_has_half_of_its_time_free_for_the_end() -> None:
    transcriber = Lengths(takes_s=2.0)
    stream = PartsStream(transcriber, transcriber.clock)
    stream.begin(0.0)
    began_s = []
    for _ in range(60):
        num_read = len(transcriber.read)
        stream.feed(seconds(0.2))
        if len(transcriber.read) > num_read:
            began_s.append(transcriber.now_s - transcriber.takes_s)
        transcriber.now_s += 0.2
    assert len(began_s) > 2 and min(np.diff(began_s)) >= RESTING * transcriber.takes_s - 1e-6


def test_the_last_part_is_read_once() -> None:
    transcriber = Lengths()
    stream = PartsStream(transcriber)
    stream.begin(0.0)
    assert stream.finish(seconds(3.0), 3.0).text == "30"
    assert transcriber.read == [30]


def test_sound_beyond_a_cut_is_the_next_utterances() -> None:
    stream = PartsStream(Lengths())
    stream.begin(0.0)
    stream.feed(seconds(4.5))
    assert stream.finish(NOTHING, 3.0).text == "30"
    stream.begin(4.5)
    stream.feed(seconds(1.0))
    final = stream.finish(NOTHING, 5.5)
    assert final.text == "25" and final.words[0].start_s == 3.0


def test_words_beyond_a_cut_are_not_told_before_it() -> None:
    stream = PartsStream(Lengths())
    stream.begin(0.0)
    for _ in range(16):
        stream.feed(seconds(0.5))
    final = stream.finish(NOTHING, 6.5)
    assert all(word.start_s < 6.5 and word.end_s <= 6.5 for word in final.words)


def test_sound_beyond_a_cut_is_dropped_where_nobody_goes_on() -> None:
    stream = PartsStream(Lengths())
    stream.begin(0.0)
    stream.feed(seconds(4.5))
    stream.finish(NOTHING, 3.0)
    stream.begin(20.0)
    stream.feed(seconds(1.0))
    assert stream.finish(NOTHING, 21.0).text == "10"
