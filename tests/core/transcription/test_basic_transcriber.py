from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.capture.media_file import load_sound
from emoasst_core.transcription.basic_transcriber import BasicTranscriber
from emoasst_core.transcription.transcriber import Transcriber, open_transcriber

needs_data = pytest.mark.skipif("EMOASST_DATA" not in os.environ, reason="EMOASST_DATA does not name the shared data folder")


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return open_transcriber(None)


def test_without_an_installed_model_captions_are_basic_and_say_so(transcriber: Transcriber) -> None:
    assert isinstance(transcriber, BasicTranscriber) and transcriber.is_basic
    transcript = transcriber.transcribe(np.zeros(1_600, np.float32), 0.0)
    assert transcript.is_basic and "basic" in transcript.model


@pytest.mark.parametrize("length", [0, 1, 800, 8_000, 32_000])
def test_silence_gives_no_words(transcriber: Transcriber, length: int) -> None:
    assert transcriber.transcribe(np.zeros(length, np.float32), 3.0).words == ()


@pytest.mark.parametrize("level", [0.05, 3.0])
def test_any_sound_leaves_words_inside_the_utterance(transcriber: Transcriber, level: float) -> None:
    bursts = np.random.default_rng(0).normal(0, level, 24_000) * (np.arange(24_000) % 4_000 > 2_000)
    words = transcriber.transcribe(bursts.astype(np.float32), 7.0).words
    assert all(7.0 <= word.start_s <= word.end_s <= 8.5 for word in words)


@needs_data
def test_clear_speech_is_mostly_understood(transcriber: Transcriber) -> None:
    sound = load_sound(Path(os.environ["EMOASST_DATA"]) / "spoken" / "jfk.flac")
    words = transcriber.transcribe(sound, 100.0).words
    said = {word.text for word in words}
    expected = {"and", "so", "my", "fellow", "americans", "ask", "not", "what", "your", "country", "can", "do", "for", "you"}
    assert len(said & expected) / len(expected) > 0.5
    assert all(later.start_s >= earlier.end_s - 0.011 for earlier, later in pairwise(words))
    assert all("(" not in word.text and "<" not in word.text and "[" not in word.text for word in words)
    assert words[0].start_s >= 100.0 and words[-1].end_s <= 100.0 + len(sound) / 16_000
