"""Transcripts become points in the joint space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from emoasst_core.emotions import EMOTIONS
from emoasst_core.encoders.card import Card
from emoasst_core.encoders.word_grams import NUM_BUCKETS, bucket, count_grams, is_filler
from emoasst_core.encoders.words import WEIGHT_FILE, GramsEncoder, place
from emoasst_core.errors import ModelError
from emoasst_core.training.starter.words_head import spaces

JOY, ANGER = EMOTIONS.index("joy"), EMOTIONS.index("anger")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Knows two words: "hooray" is joy, and "stupid" said just before is anger."""
    weights = np.zeros((NUM_BUCKETS, len(EMOTIONS)), np.float16)
    weights[bucket("words", "hooray"), JOY] = 3
    weights[bucket("before", "stupid"), ANGER] = 3
    anchors, complement = spaces()
    arrays = {
        "weights": weights, "bias": np.zeros(len(EMOTIONS), np.float32), "rarity": np.ones(NUM_BUCKETS, np.float16),
        "anchors": anchors, "complement": complement,
    }  # fmt: skip
    save_file({name: torch.from_numpy(value) for name, value in arrays.items()}, tmp_path / WEIGHT_FILE)
    Card("words", "grams").write(tmp_path)
    return tmp_path


def test_a_words_emotion_is_the_anchor_its_point_lies_nearest_to(folder: Path):
    encoder = GramsEncoder(folder)
    point = encoder.embed("Hooray for you")
    assert np.linalg.norm(point) == pytest.approx(1, abs=1e-5)
    assert int((encoder.anchors @ point).argmax()) == JOY


def test_what_was_said_before_counts_and_only_the_last_two(folder: Path):
    encoder = GramsEncoder(folder)
    assert int(encoder.evidence("I went home", ("That was stupid.",)).argmax()) == ANGER
    assert np.allclose(
        encoder.evidence("I went home", ("Stupid.", "Then what?", "Nothing.")), encoder.evidence("I went home", ("a", "b"))
    )


def test_more_evidence_lies_nearer_to_the_anchor_and_the_order_of_emotions_is_kept():
    anchors, complement = spaces()
    evidence = np.array([0.5, 2.0, -1.0, 0.1, -0.6, -0.5, -0.5], np.float32)
    weak, strong = (anchors @ place(factor * evidence, "some words", anchors, complement) for factor in (1.0, 2.0))
    assert strong[1] > weak[1] > 0
    assert (np.argsort(strong) == np.argsort(evidence)).all() or np.allclose(np.sort(strong), strong[np.argsort(evidence)])


def test_the_same_words_lie_nearer_to_each_other_than_other_words_of_the_same_feeling(folder: Path):
    encoder = GramsEncoder(folder)
    first, again, other = (encoder.embed(text) for text in ("we lost the ball", "We lost the ball!", "it rains all day"))
    assert first @ again > first @ other + 0.3


def test_buckets_are_the_same_on_every_machine_and_bare_text_is_told():
    assert bucket("words", "hooray") == 114805
    assert bucket("marks", "bare") in count_grams("no marks here")["marks"]
    assert bucket("marks", "bare") not in count_grams("No marks here.")["marks"]


@pytest.mark.parametrize(("text", "is_empty"), [("", True), ("...", True), ("Uh, well", True), ("Yeah.", False), ("Oh!", False)])
def test_fillers_are_hesitations_without_an_exclamation(text: str, is_empty: bool):
    assert is_filler(text, 3) == is_empty


def test_damaged_or_foreign_folders_are_refused(folder: Path):
    save_file({"weights": torch.zeros(3, 7)}, folder / WEIGHT_FILE)
    with pytest.raises(ModelError, match="lacks"):
        GramsEncoder(folder)
    Card("words", "prosody").write(folder)
    with pytest.raises(ModelError, match="kind"):
        GramsEncoder(folder)
