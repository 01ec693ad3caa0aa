"""The starter's recipe: what it learns from and how it is told to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS, emotion_index
from emoasst_core.encoders.face_normalisation import standardise, to_grey
from emoasst_core.errors import ManifestError
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.constants import HeldOut, few_shot_curve, gate_figures, pair_rows
from emoasst_core.training.starter.face_augmentation import augment
from emoasst_core.training.starter.face_data import load_ckplus, load_ferplus
from emoasst_core.training.starter.text_tower import plain_text
from emoasst_core.training.starter.voice_augmentation import augment_sound, pad_clips
from emoasst_core.training.starter.voice_data import load_voices

VOTE_NAMES = np.array(["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"])


def write_ferplus(path: Path, votes: list[list[int]], old: list[int]) -> Path:
    images = np.random.default_rng(0).integers(0, 255, (len(votes), 48, 48)).astype(np.uint8)
    np.savez(
        path, images=images, votes=np.array(votes, np.uint8), vote_names=VOTE_NAMES, fer2013_label=np.array(old, np.int8),
        fer2013_label_names=np.array(["neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust"]),
    )  # fmt: skip
    return path


def test_anchors_have_equal_angles():
    cosines = emotion_anchors(128) @ emotion_anchors(128).T
    assert np.allclose(np.diag(cosines), 1, atol=1e-5)
    assert np.allclose(cosines[~np.eye(7, dtype=bool)], -1 / 6, atol=1e-5)


def test_votes_become_soft_labels_in_the_order_of_emotions(tmp_path: Path):
    path = write_ferplus(tmp_path / "v.npz", [[0, 6, 0, 0, 0, 0, 2, 0, 2, 0], [0, 0, 0, 0, 0, 0, 0, 0, 9, 1]], [-1, 0])
    faces = load_ferplus(path, use_old_labels=False)
    assert len(faces) == 1  # the picture nobody saw an emotion in is left out
    assert faces.targets[0, emotion_index("joy")] == pytest.approx(0.75)
    assert faces.targets[0, emotion_index("fear")] == pytest.approx(0.25)
    assert faces.clear[0]
    assert faces.weights[0] == pytest.approx(0.8)


@pytest.mark.parametrize(("old", "name", "votes"), [(6, "disgust", 0.4), (4, "fear", 0.3), (3, "anger", 0.1)])
def test_an_old_label_counts_as_one_vote_of_ten_and_as_more_where_voters_rarely_agreed(
    tmp_path: Path, old: int, name: str, votes: float
):
    path = write_ferplus(tmp_path / "v.npz", [[5, 5, 0, 0, 0, 0, 0, 0, 0, 0]], [old])
    targets = load_ferplus(path, use_old_labels=True).targets[0]
    assert targets[emotion_index(name)] == pytest.approx(votes / (1 + votes))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path):
    (tmp_path / "x.npz").write_bytes(b"nothing")
    with pytest.raises(ManifestError, match="FER"):
        load_ferplus(tmp_path / "x.npz", False)


def test_ckplus_is_split_by_subject(tmp_path: Path):
    subjects = np.array([f"S{number:03d}" for number in range(20) for _ in range(3)])
    images = np.arange(60, dtype=np.uint8)[:, None, None].repeat(48, 1).repeat(48, 2)
    names = np.array(["neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust"])
    np.savez(tmp_path / "c.npz", images=images, label=np.ones(60, np.int8), label_names=names, subject=subjects)
    train, held_out = load_ckplus(tmp_path / "c.npz", held_out=False), load_ckplus(tmp_path / "c.npz", held_out=True)
    assert len(train) + len(held_out) == 60
    assert len(held_out) == 12
    of_train, of_held_out = ({subjects[image[0, 0]] for image in part.images} for part in (train, held_out))
    assert not of_train & of_held_out


def test_brightness_contrast_and_tint_do_not_reach_the_tower():
    generator = torch.Generator().manual_seed(0)
    grey = torch.rand(4, 1, 64, 64, generator=generator)
    assert torch.allclose(standardise(grey), standardise(0.5 * grey + 0.2), atol=1e-4)
    assert torch.allclose(to_grey(grey.expand(-1, 3, -1, -1)), grey, atol=1e-5)


def test_augmentation_is_repeatable_changes_the_picture_and_at_zero_strength_only_resizes():
    images = np.random.default_rng(0).integers(0, 255, (6, 48, 48)).astype(np.uint8)
    views = [augment(images, 64, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(views[0], views[1])
    assert not torch.allclose(views[0], views[2])
    plain = [augment(images, 64, torch.Generator().manual_seed(seed), strength=0.0) for seed in (1, 2)]
    assert torch.allclose(plain[0], plain[1])
    assert views[0].shape == (6, 3, 64, 64)


def test_sound_augmentation_keeps_the_padding_silent_and_the_shape():
    generator = torch.Generator().manual_seed(0)
    clips = [np.random.default_rng(length).normal(size=length).astype(np.float32) * 0.1 for length in (8000, 16000)]
    samples, mask = pad_clips(clips, 16000)
    changed, changed_mask = augment_sound(samples, mask, generator)
    assert changed.shape == samples.shape
    assert float(changed[~changed_mask].abs().max()) == 0
    assert float(changed.abs().max()) <= 1


def test_plain_text_has_no_curly_quotes():
    assert plain_text("Oh\u2019 it\u0092s \u201cfine\u201d \u2026") == "Oh' it's \"fine\" ..."


def held_out(num_clips: int = 140, separation: float = 2.0) -> HeldOut:
    rng = np.random.default_rng(0)
    labels = np.arange(num_clips) % NUM_EMOTIONS
    embeddings = emotion_anchors(32)[labels] * separation + rng.normal(size=(num_clips, 32)) * 0.4
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    logits = 4 * embeddings @ emotion_anchors(32).T
    speakers = tuple(f"s{index // 70}" for index in range(num_clips))
    return HeldOut(logits.astype(np.float32), np.eye(NUM_EMOTIONS, dtype=np.float32)[labels], embeddings, speakers)


def test_pairs_share_their_emotion():
    part = held_out()
    rows, targets = pair_rows([part, part], seed=0)
    assert np.array_equal(part.labels[rows[0]], part.labels[rows[1]])
    assert np.array_equal(targets.argmax(1), part.labels[rows[0]])


def test_shots_help_a_weak_model_and_are_never_scored_themselves():
    part = held_out(separation=0.6)
    spoiled = HeldOut(part.logits * 0, part.targets, part.embeddings, part.speakers)
    none = few_shot_curve(spoiled, 0.0, 5.5, 1, 5).mean()
    some = few_shot_curve(spoiled, 1.0, 5.5, 4, 5).mean()
    assert some > none + 0.1


def test_gate_figures_count_only_clear_readings():
    probs = np.full((4, NUM_EMOTIONS), 0.01, np.float32)
    probs[:, 1] = 0.94
    from emoasst_core.config import CueOptions

    figures = gate_figures(probs, np.array([1, 1, 1, 0]), CueOptions())
    assert figures["coverage"] == 1.0
    assert figures["precision"] == 0.75
    assert figures["class_precision"]["joy"] == 0.75
    assert figures["class_precision"]["fear"] is None


def test_real_speech_is_read_whole_and_split_by_speaker(data_folder: Path, tmp_path: Path):
    del tmp_path
    listing = (data_folder / "speech" / "ravdess.csv").read_text("utf-8").splitlines()
    assert len(listing) == 1201
    assert set(EMOTIONS) <= {line.split(",")[1] for line in listing[1:]}


def test_a_missing_listing_is_named(tmp_path: Path):
    with pytest.raises(ManifestError, match=r"ravdess\.csv"):
        load_voices(tmp_path, tmp_path / "store.npz")
