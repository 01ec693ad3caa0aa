from __future__ import annotations

import shutil
import socket
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.errors import ModelError
from emoasst_core.transcription.transcriber import open_transcriber, whisper_folders
from emoasst_core.transcription.whisper_transcriber import WhisperTranscriber
from tests.core.transcription.tiny_whisper import build_tiny_whisper


@pytest.fixture(scope="module")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_tiny_whisper(folder / "whisper-tiny-random", tmp_path_factory.mktemp("scratch") / "original")
    return folder


def noise(length_s: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(length_s * 16_000)).astype(np.float32)


def test_an_installed_whisper_model_is_found_and_used(models_folder: Path) -> None:
    transcriber = open_transcriber(models_folder)
    assert transcriber.name == "Whisper (whisper-tiny-random)" and not transcriber.is_basic


def test_words_lie_inside_the_utterance_in_order(models_folder: Path) -> None:
    transcript = open_transcriber(models_folder).transcribe(noise(2.0), start_s=5.0)
    assert transcript.model == "Whisper (whisper-tiny-random)" and not transcript.is_basic
    assert transcript.words  # random weights, so some nonsense, but from the whole real way
    assert all(5.0 <= word.start_s <= word.end_s <= 7.0 for word in transcript.words)
    assert all(later.start_s >= earlier.start_s for earlier, later in pairwise(transcript.words))


def test_no_connection_is_tried(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    open_transcriber(models_folder).transcribe(noise(1.0), 0.0)


def test_sound_too_short_for_a_word_gives_none(models_folder: Path) -> None:
    transcriber = open_transcriber(models_folder)
    assert transcriber.transcribe(noise(0.05), 1.0).words == ()
    assert transcriber.transcribe(np.zeros(0, np.float32), 1.0).words == ()


def test_a_damaged_model_says_what_to_do(models_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(models_folder / "whisper-tiny-random", tmp_path / "damaged")
    (tmp_path / "damaged" / "model.bin").write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        WhisperTranscriber(tmp_path / "damaged")
    assert caught.value.next_step


def test_a_folder_without_tokenizer_is_refused_before_anything_is_fetched(models_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(models_folder / "whisper-tiny-random", tmp_path / "half")
    (tmp_path / "half" / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        WhisperTranscriber(tmp_path / "half")


def test_other_folders_are_not_taken_for_models(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.bin").touch()
    assert whisper_folders(tmp_path) == [] == whisper_folders(tmp_path / "absent") == whisper_folders(None)
