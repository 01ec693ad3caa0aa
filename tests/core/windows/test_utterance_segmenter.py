from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from emoasst_core.config import WindowOptions
from emoasst_core.windows.utterance_segmenter import UtteranceSegmenter
from emoasst_core.windows.voice_activity import SpeechChunk

CHUNK_S = 0.032


def chunks(*parts: tuple[float, float]) -> list[SpeechChunk]:
    """Parts of (length_s, speech_prob), rounded to whole chunks."""
    probs = [prob for length_s, prob in parts for _ in range(round(length_s / CHUNK_S))]
    return [SpeechChunk(index * CHUNK_S, (index + 1) * CHUNK_S, prob) for index, prob in enumerate(probs)]


def cut(found: list[SpeechChunk], options: WindowOptions | None = None) -> list[tuple[float, float]]:
    segmenter = UtteranceSegmenter(options or WindowOptions())
    return segmenter.feed(found) + segmenter.flush(found[-1].end_s)


def test_speech_between_silences_is_one_padded_utterance() -> None:
    ((start_s, end_s),) = cut(chunks((1.0, 0.0), (2.0, 0.9), (1.0, 0.0)))
    assert start_s == pytest.approx(1.0 - 0.1, abs=CHUNK_S)
    assert end_s == pytest.approx(3.0 + 0.1, abs=2 * CHUNK_S)


def test_a_burst_that_is_too_short_is_no_utterance() -> None:
    assert cut(chunks((1.0, 0.0), (0.2, 0.9), (1.0, 0.0))) == []


def test_a_short_pause_does_not_end_an_utterance_and_a_long_one_does() -> None:
    assert len(cut(chunks((1.0, 0.9), (0.3, 0.0), (1.0, 0.9), (1.0, 0.0)))) == 1
    assert len(cut(chunks((1.0, 0.9), (0.6, 0.0), (1.0, 0.9), (1.0, 0.0)))) == 2


def test_speech_may_dip_a_little_below_the_threshold() -> None:
    assert len(cut(chunks((1.0, 0.9), (0.6, 0.4), (1.0, 0.9), (1.0, 0.0)))) == 1


def test_an_utterance_is_given_out_as_soon_as_the_pause_is_long_enough() -> None:
    segmenter = UtteranceSegmenter(WindowOptions(min_silence_s=0.4))
    found = chunks((1.0, 0.9), (1.0, 0.0))
    ended_at = next(chunk.end_s for chunk in found if segmenter.feed([chunk]))
    assert ended_at == pytest.approx(1.0 + 0.4, abs=2 * CHUNK_S)
    assert segmenter.open_since_s is None


def test_open_since_tells_where_the_utterance_being_spoken_began() -> None:
    segmenter = UtteranceSegmenter(WindowOptions())
    found = chunks((1.0, 0.0), (1.0, 0.9))
    segmenter.feed(found[:33])
    assert segmenter.open_since_s is None
    segmenter.feed(found[33:])
    assert segmenter.open_since_s == pytest.approx(0.9, abs=CHUNK_S)


def test_long_speech_is_cut_at_its_quietest_chunk() -> None:
    found = chunks((6.0, 0.9), (CHUNK_S, 0.6), (6.0, 0.9), (1.0, 0.0))
    first, second = cut(found, WindowOptions(max_utterance_s=8.0))
    assert first[1] == pytest.approx(6.0, abs=2 * CHUNK_S)
    assert second[0] == first[1]
    assert second[1] == pytest.approx(12.1, abs=3 * CHUNK_S)


def test_long_speech_is_cut_in_the_last_quarter_even_where_it_was_quieter_before() -> None:
    found = chunks((3.0, 0.9), (CHUNK_S, 0.4), (3.2, 0.9), (CHUNK_S, 0.6), (3.0, 0.9), (1.0, 0.0))
    quietest = next(chunk for chunk in found if chunk.speech_prob == 0.6)
    first, second = cut(found, WindowOptions(max_utterance_s=8.0))
    assert first[1] == second[0] == pytest.approx((quietest.start_s + quietest.end_s) / 2)


def test_no_utterance_is_longer_than_the_limit_and_none_overlap() -> None:
    generator = np.random.default_rng(3)
    found = [SpeechChunk(i * CHUNK_S, (i + 1) * CHUNK_S, float(p)) for i, p in enumerate(generator.random(3_000) ** 0.3)]
    options = WindowOptions(max_utterance_s=4.0)
    spans = cut(found, options)
    assert len(spans) > 20
    assert all(0 < end_s - start_s <= 4.0 + CHUNK_S for start_s, end_s in spans)
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(spans))


def test_feeding_chunk_by_chunk_or_all_at_once_is_the_same() -> None:
    generator = np.random.default_rng(4)
    found = [SpeechChunk(i * CHUNK_S, (i + 1) * CHUNK_S, float(p)) for i, p in enumerate(generator.random(2_000))]
    single = UtteranceSegmenter(WindowOptions())
    one_by_one = [span for chunk in found for span in single.feed([chunk])] + single.flush(found[-1].end_s)
    assert one_by_one == cut(found)


def test_flushing_ends_the_open_utterance_at_the_end_of_the_sound() -> None:
    segmenter = UtteranceSegmenter(WindowOptions())
    segmenter.feed(chunks((1.0, 0.9)))
    ((_, end_s),) = segmenter.flush(1.0)
    assert end_s <= 1.0
    assert segmenter.flush(2.0) == []


def test_silence_within_an_utterance_is_told_before_it_ends_it() -> None:
    segmenter = UtteranceSegmenter(WindowOptions(min_silence_s=0.4))
    assert segmenter.silent_s == 0.0
    found = chunks((1.0, 0.9), (0.25, 0.0), (0.5, 0.9), (0.6, 0.0))
    told = []
    for chunk in found:
        segmenter.feed([chunk])
        told.append((chunk.end_s, segmenter.silent_s))
    assert max(silent_s for time_s, silent_s in told if time_s <= 1.0) == 0.0
    assert dict(told)[found[37].end_s] == pytest.approx(found[37].end_s - 1.0, abs=2 * CHUNK_S)  # in the short pause
    assert max(silent_s for _, silent_s in told) < 0.4 and told[-1][1] == 0.0  # the long one ended it
