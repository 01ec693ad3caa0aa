"""The starter's reading of words, trained on a few lines that are made up here."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.emotions import EMOTIONS
from emoasst_core.encoders.words import GramsEncoder
from emoasst_core.errors import ManifestError
from emoasst_core.training.starter.words_head import WordsHead, load_lines, train_words, write_words

LINES = {"joy": "this is so lovely", "anger": "you always break it", "neutral": "the bus leaves at nine"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "meld").mkdir()
    rows = []
    for dialogue in range(8):
        names = [*LINES, *(name for name in EMOTIONS if name not in LINES)]
        for number, emotion in enumerate(names):
            text = LINES.get(emotion, f"I feel {emotion} now") + ("!" if dialogue % 2 else ".")
            rows.append({"Utterance": text, "Emotion": emotion, "Dialogue_ID": dialogue, "Utterance_ID": number})
    with open(folder / "meld" / "train_sent_emo.csv", "w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(reversed(rows))  # the order within a dialogue is by number, not by line
    return folder


@pytest.fixture(scope="module")
def head(data: Path) -> WordsHead:
    return train_words(data)


def test_context_is_the_two_lines_before_within_the_dialogue(data: Path):
    lines = load_lines(data / "meld" / "train_sent_emo.csv")
    first = {
        text: context
        for text, context, dialogue in zip(lines.texts, lines.contexts, lines.dialogues, strict=True)
        if dialogue == "0"
    }
    assert first["this is so lovely."] == ()
    assert first["the bus leaves at nine."] == ("this is so lovely.", "you always break it.")


def test_the_reading_learns_words_and_needs_no_marks(data: Path, head: WordsHead):
    lines = load_lines(data / "meld" / "train_sent_emo.csv")
    assert (head.evidence(lines).argmax(1) == lines.labels).all()
    assert (head.evidence(lines.stripped()).argmax(1) == lines.labels).mean() > 0.9


def test_the_written_file_reads_as_the_training_did(data: Path, head: WordsHead, tmp_path: Path):
    write_words(tmp_path / "words", head)
    encoder, lines = GramsEncoder(tmp_path / "words"), load_lines(data / "meld" / "train_sent_emo.csv")
    points = np.stack([encoder.embed(text, context) for text, context in zip(lines.texts, lines.contexts, strict=True)])
    assert np.allclose(points, head.embed(lines), atol=1e-4)
    assert (tmp_path / "words" / "model.safetensors").stat().st_size < 6_000_000


def test_a_missing_listing_is_named(tmp_path: Path):
    with pytest.raises(ManifestError, match="missing"):
        load_lines(tmp_path / "meld.csv")
