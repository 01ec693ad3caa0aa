from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.commands.bench import demo_recording
from emoasst_core.datatypes import SAMPLE_RATE_HZ, Transcript, Word
from emoasst_core.transcription import basic_transcriber
from emoasst_core.transcription.basic_transcriber import BasicTranscriber, SphinxStream
from emoasst_core.transcription.word_stream import PART_LENGTH, PartsStream, WordStream, open_stream

PART = SAMPLE_RATE_HZ // 2


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """Four seconds of the bundled conversation where it is loudest."""
    samples = np.concatenate([block.samples for block in MediaFile(demo_recording()).blocks()])
    loudest = int(np.convolve(samples**2, np.ones(4000), "same").argmax())
    start = max(0, min(loudest - 32_000, len(samples) - 64_000))
    return samples[start : start + 64_000]


@pytest.fixture(scope="module")
def stream() -> SphinxStream:
    opened = open_stream(BasicTranscriber())
    assert isinstance(opened, SphinxStream)
    return opened


def fed(stream: WordStream, samples: np.ndarray, start_s: float) -> list[Transcript]:
    stream.begin(start_s)
    return [stream.feed(samples[start : start + PART]) for start in range(0, len(samples), PART)]


def test_words_stand_while_somebody_still_speaks_and_their_times_are_the_sessions(
    stream: SphinxStream, spoken: np.ndarray
) -> None:
    so_far = fed(stream, spoken, 10.0)
    final = stream.finish(14.0)
    assert final.words and any(part.words for part in so_far[:-1])
    assert all(10.0 <= word.start_s <= word.end_s <= 14.0 for word in final.words)
    assert all(earlier.end_s <= later.start_s + 0.011 for earlier, later in pairwise(final.words))


def test_words_beyond_a_cut_are_the_next_utterances(spoken: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basic_transcriber, "WHOLE_S", 0.0)  # as in a long utterance
    one, other = open_stream(BasicTranscriber()), open_stream(BasicTranscriber())  # each utterance teaches one about the room
    fed(one, spoken, 10.0)
    whole = one.finish(14.0)
    cut_s = whole.words[len(whole.words) // 2].start_s
    fed(other, spoken, 10.0)
    first = other.finish(cut_s)
    other.begin(14.0)
    second = other.finish(14.1)
    assert first.words and second.words and first.words + second.words == whole.words
    assert all((word.start_s + word.end_s) / 2 <= cut_s for word in first.words)


@pytest.mark.parametrize(("seconds", "is_whole"), [(4, True), (6, False)])
def test_a_short_utterance_is_read_as_a_whole_when_it_ends_and_a_long_one_is_not(
    stream: SphinxStream, spoken: np.ndarray, monkeypatch: pytest.MonkeyPatch, seconds: int, is_whole: bool
) -> None:
    def whole(_self: BasicTranscriber, samples: np.ndarray, start_s: float) -> Transcript:
        return Transcript((), f"{len(samples)} from {start_s}")

    monkeypatch.setattr(BasicTranscriber, "transcribe", whole)
    fed(stream, np.resize(spoken, seconds * SAMPLE_RATE_HZ), 10.0)
    final = stream.finish(10.0 + seconds - 0.3)
    assert (final.model == f"{seconds * SAMPLE_RATE_HZ} from 10.0") is is_whole


def test_words_carried_over_are_dropped_where_nobody_goes_on(stream: SphinxStream, spoken: np.ndarray) -> None:
    fed(stream, spoken, 10.0)
    stream.finish(11.0)
    stream.begin(30.0)
    assert stream.finish(31.0).words == ()


def test_an_utterance_that_was_never_finished_leaves_nothing_behind(stream: SphinxStream, spoken: np.ndarray) -> None:
    fed(stream, spoken, 10.0)
    stream.begin(20.0)
    stream.feed(np.zeros(PART, np.float32))
    assert stream.finish(20.5).words == ()


class Lengths:
    """Names the length of what it was given, in tenths of a second."""

    name, is_basic = "lengths", False

    def transcribe(self, samples: np.ndarray, start_s: float) -> Transcript:
        return Transcript((Word(start_s, start_s + 0.1, str(round(10 * len(samples) / SAMPLE_RATE_HZ))),), self.name)


def test_a_transcriber_of_whole_utterances_reads_parts_meanwhile_and_the_whole_at_the_end() -> None:
    stream = open_stream(Lengths())
    assert isinstance(stream, PartsStream)
    stream.begin(5.0)
    words = [stream.feed(np.ones(PART_LENGTH // 2, np.float32)).text for _ in range(4)]
    assert words == ["", "16", "16", "16 16"]
    assert stream.finish(8.0).text == "30"
