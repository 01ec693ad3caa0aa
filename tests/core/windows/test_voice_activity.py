from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile, load_sound
from emoasst_core.config import WindowOptions
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock
from emoasst_core.windows.utterance_segmenter import UtteranceSegmenter
from emoasst_core.windows.voice_activity import SpeechChunk, VoiceActivity
from tests import media

needs_data = pytest.mark.skipif("EMOASST_DATA" not in os.environ, reason="EMOASST_DATA does not name the shared data folder")


def rate(samples: np.ndarray, block_length: int = 1_600, start_s: float = 0.0) -> list[SpeechChunk]:
    voice = VoiceActivity()
    chunks: list[SpeechChunk] = []
    for start in range(0, len(samples), block_length):
        piece = samples[start : start + block_length].astype(np.float32)
        chunks += voice.feed(AudioBlock(start_s + start / SAMPLE_RATE_HZ, piece))
    return chunks


def music() -> np.ndarray:
    swell = (1 + np.sin(2 * np.pi * 2 * np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)) / 2
    return swell * sum(media.tone(5.0, frequency_hz, 0.1) for frequency_hz in (220, 277, 330, 440))


@pytest.mark.parametrize(
    "samples",
    [np.zeros(5 * SAMPLE_RATE_HZ), np.random.default_rng(0).normal(0, 0.05, 5 * SAMPLE_RATE_HZ), media.tone(5.0), music()],
    ids=["silence", "noise", "tone", "music"],
)
def test_what_is_no_speech_is_not_taken_for_it(samples: np.ndarray) -> None:
    assert max(chunk.speech_prob for chunk in rate(samples)) < 0.5


def test_chunks_are_contiguous_and_start_where_the_sound_does() -> None:
    chunks = rate(np.zeros(SAMPLE_RATE_HZ), start_s=3.0)
    assert len(chunks) == SAMPLE_RATE_HZ // 512
    assert chunks[0].start_s == 3.0
    assert [chunk.end_s for chunk in chunks[:-1]] == pytest.approx([chunk.start_s for chunk in chunks[1:]])


def test_the_size_of_the_blocks_does_not_matter() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 2 * SAMPLE_RATE_HZ)
    whole = [chunk.speech_prob for chunk in rate(samples, len(samples))]
    for block_length in (100, 512, 1_601):
        assert [chunk.speech_prob for chunk in rate(samples, block_length)] == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("gap_s", [0.033, -0.033], ids=["gaps", "overlaps"])
def test_short_gaps_do_not_add_up_to_words_at_the_wrong_time(gap_s: float) -> None:
    voice, start_s, latest_s = VoiceActivity(), 0.0, 0.0
    block = np.zeros(1_600, np.float32)
    for number in range(200):
        start_s += 0.1 + (gap_s if number % 5 == 0 else 0.0)
        for chunk in voice.feed(AudioBlock(start_s, block)):
            latest_s = chunk.end_s
        assert -0.021 <= start_s + 0.1 - latest_s <= 0.032 + 0.021


def test_sound_after_a_gap_starts_afresh_at_its_own_time() -> None:
    voice = VoiceActivity()
    samples = np.random.default_rng(2).normal(0, 0.1, 5_120).astype(np.float32)
    voice.feed(AudioBlock(0.0, samples[:700]))
    again = voice.feed(AudioBlock(10.0, samples))
    alone = VoiceActivity().feed(AudioBlock(10.0, samples))
    assert again == alone and again[0].start_s == 10.0


@needs_data
def test_real_speech_is_found_where_it_is() -> None:
    folder = Path(os.environ["EMOASST_DATA"])
    speech = load_sound(folder / "spoken" / "jfk.flac")
    silence = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    segmenter = UtteranceSegmenter(WindowOptions())
    chunks = rate(np.concatenate([silence, speech, silence]))
    spans = segmenter.feed(chunks) + segmenter.flush(chunks[-1].end_s)
    assert 2.0 < spans[0][0] < 2.6 and 12.0 < spans[-1][1] < 13.2
    assert sum(end_s - start_s for start_s, end_s in spans) > 6.0


@needs_data
def test_clips_without_speech_give_no_utterance() -> None:
    folder = Path(os.environ["EMOASST_DATA"])
    for name in ("pyfeat_no_face.mp4", "liveportrait_d3.mp4"):
        voice, segmenter = VoiceActivity(), UtteranceSegmenter(WindowOptions())
        spans = [span for block in MediaFile(folder / "clips" / name).blocks() for span in segmenter.feed(voice.feed(block))]
        assert spans + segmenter.flush(60.0) == []
