"""What the face tower is trained to see, and the slices it is measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS, emotion_index
from emoasst_core.encoders.face_normalisation import face_window, limit_detail, sharpen_soft, standardise_face
from emoasst_core.evaluation.metrics import accuracy, expected_calibration_error
from emoasst_core.training.starter import face_slices
from emoasst_core.training.starter.constants import HeldOut, favour_rare, join_parts
from emoasst_core.training.starter.face_augmentation import _blur, _log_zoom, augment
from emoasst_core.training.starter.face_data import FaceSet
from emoasst_core.training.starter.face_lighting import cast_light, change_tone
from emoasst_core.training.starter.face_occlusion import hide_parts, mask_background
from emoasst_core.training.starter.face_slices import SLICES, draw_pictures, slice_figures
from emoasst_core.training.starter.model_card import _slices

PICTURES = np.random.default_rng(3).integers(40, 215, (16, 48, 48)).astype(np.uint8)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("change", [change_tone, cast_light])
def test_light_and_tone_change_a_picture_but_keep_it_between_black_and_white(change):
    views = torch.from_numpy(PICTURES).float().div(255).unsqueeze(1)
    changed = change(views, generator(), 1.0)
    assert changed.shape == views.shape
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 1
    assert not torch.allclose(changed, views, atol=1e-2)
    assert torch.allclose(change(views, generator(), 0.0), views, atol=1e-3)


@pytest.mark.parametrize("change", [mask_background, hide_parts])
def test_what_is_hidden_is_hidden_at_the_asked_rate_and_leaves_the_rest_as_it_was(change):
    views = torch.rand(64, 1, 64, 64, generator=generator())
    assert torch.equal(change(views, generator(), 0.0), views)
    changed = change(views, generator(), 0.5)
    touched = (changed != views).flatten(1).any(1)
    assert 0.3 < float(touched.float().mean()) < 0.7
    assert torch.equal(changed[~touched], views[~touched])


def test_a_background_is_masked_outside_the_middle_only():
    views = torch.rand(32, 1, 64, 64, generator=generator())
    changed = mask_background(views, generator(), 1.0)
    assert torch.equal(changed[:, :, 24:40, 24:40], views[:, :, 24:40, 24:40])


def test_the_strength_of_the_augmentation_is_how_far_views_are_from_the_picture():
    plain = augment(PICTURES, 64, generator(), 0.0)
    distances = [float((augment(PICTURES, 64, generator(), strength) - plain).abs().mean()) for strength in (0.2, 0.6, 1.0)]
    assert distances[0] < distances[1] < distances[2]


def test_what_stands_behind_a_person_does_not_change_how_the_face_arrives():
    face = torch.rand(1, 1, 64, 64, generator=generator())
    outside = face_window(64, 64) == 0
    other = torch.where(outside, torch.zeros(()), face)
    seen, seen_before_black = standardise_face(face), standardise_face(other)
    assert torch.allclose(seen[..., ~outside], seen_before_black[..., ~outside], atol=1e-5)


def test_a_soft_face_is_sharpened_and_a_sharp_one_stays_as_it_is():
    finer, face = (F.interpolate(torch.rand(4, 1, n, n, generator=generator()), size=(64, 64), mode="bicubic") for n in (24, 16))
    soft = F.avg_pool2d(F.pad(face, (1, 1, 1, 1), mode="replicate"), 3, 1)
    assert torch.equal(sharpen_soft(finer, 0.31), finer)
    assert (sharpen_soft(soft, 0.31) - face).square().mean() < 0.3 * (soft - face).square().mean()


def test_the_noise_of_a_covered_lens_is_not_sharpened_into_a_face():
    covered = 0.02 + 0.002 * torch.rand(1, 1, 64, 64, generator=generator())
    assert standardise_face(sharpen_soft(covered, 0.31)).abs().max() < 0.5


def test_only_pictures_larger_than_those_of_training_lose_detail():
    small, large = torch.rand(1, 1, 40, 48), torch.rand(1, 1, 200, 180)
    assert torch.equal(limit_detail(small, 48), small)
    assert limit_detail(large, 48).shape == (1, 1, 48, 48)


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_is_a_colour_picture_and_the_same_at_every_measurement(name: str):
    first, again = (SLICES[name](PICTURES[0], np.random.default_rng(1)) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 3
    assert np.array_equal(first, again)


def test_a_scene_without_yunet_is_left_out_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(face_slices, "models_folder", lambda: tmp_path)
    figures = face_slices.scene_with_yunet(None, None)  # type: ignore[arg-type]
    assert "face_detection_yunet_2023mar.onnx" in figures["skipped"]
    rows = _slices({"tilted": slice_figures(np.arange(14) % 7, np.arange(14) % 7), "in a scene, with YuNet": figures})
    assert rows[-2].startswith("| tilted | 14 | 1.000")
    assert rows[-1] == f"| in a scene, with YuNet | 0 | {figures['skipped']} | |"


def test_a_blurred_view_keeps_its_light_and_loses_detail_more_along_one_direction_for_some():
    views = torch.rand(64, 1, 64, 64, generator=generator())
    blurred = _blur(views, generator())
    assert blurred.shape == views.shape
    assert torch.allclose(blurred.mean((2, 3)), views.mean((2, 3)), atol=0.03)
    assert (blurred.std((2, 3)) < views.std((2, 3))).all()
    across = (blurred[..., 1:] - blurred[..., :-1]).abs().mean((1, 2, 3))
    down = (blurred[..., 1:, :] - blurred[..., :-1, :]).abs().mean((1, 2, 3))
    uneven = torch.maximum(across / down, down / across) > 1.3
    assert 0.1 < float(uneven.float().mean()) < 0.5


def test_a_fifth_of_the_crops_is_much_tighter_and_a_fifth_wider():
    zoom = torch.exp(_log_zoom(generator(), 5000))
    assert float(zoom.min()) > 0.63 and float(zoom.max()) < 1.53
    assert 0.2 < float((zoom < 0.85).float().mean()) < 0.36
    assert 0.2 < float((zoom > 1.15).float().mean()) < 0.36


def test_slices_are_drawn_from_the_clear_pictures_with_every_rare_one():
    labels = np.r_[np.zeros(3000, int), np.full(20, emotion_index("disgust"))]
    clear = np.arange(len(labels)) % 2 == 0
    images = np.zeros((len(labels), 2, 2), np.uint8)
    faces = FaceSet(images, np.eye(NUM_EMOTIONS, dtype=np.float32)[labels], np.ones(len(labels), np.float32), clear)
    rows = draw_pictures(faces, (emotion_index("disgust"),))
    assert clear[rows].all()
    assert (labels[rows] == emotion_index("disgust")).sum() == 10
    assert len(rows) >= 300


def test_the_figures_of_a_slice_lie_within_their_intervals():
    labels = np.arange(70) % 7
    figures = slice_figures(labels, np.where(np.arange(70) < 50, labels, 0))
    for name in ("accuracy", "uar"):
        low, high = figures["interval_95"][name]
        assert low <= figures[name] <= high
    assert figures["n"] == 70


def test_rare_emotions_are_favoured_as_far_as_the_common_ones_and_the_calibration_hold():
    rng = np.random.default_rng(0)
    labels = rng.choice(NUM_EMOTIONS, 3000, p=[0.6, 0.2, 0.08, 0.05, 0.03, 0.03, 0.01])
    logits = (2.2 * np.eye(NUM_EMOTIONS)[labels] + rng.normal(0, 1, (3000, NUM_EMOTIONS))).astype(np.float32)
    part = HeldOut(logits, np.eye(NUM_EMOTIONS, dtype=np.float32)[labels], logits)
    plain = Calibration().fit(logits, labels, [Modality.FACE])
    favoured, share = favour_rare(plain, part, np.ones(3000, bool))
    before, after = (calibration.predict(logits, [Modality.FACE]) for calibration in (plain, favoured))
    rare = labels == 6
    assert 0 <= share <= 0.5
    assert (after[rare].argmax(1) == 6).mean() >= (before[rare].argmax(1) == 6).mean()
    assert accuracy(labels, after.argmax(1)) >= accuracy(labels, before.argmax(1)) - 0.011
    assert expected_calibration_error(labels, after) <= 0.04


def test_an_emotion_that_is_missed_more_often_than_found_may_cost_f1_but_no_more():
    """Six of fourteen rare pictures are found at once, the rest at three tenths of the push, with thirty common ones."""
    labels = np.repeat([0, 6, 1], [2500, 14, 500])
    logits = np.full((3014, NUM_EMOTIONS), -9.0, np.float32)
    logits[np.arange(3014), labels] = 3.0
    logits[2500:2508, 0], logits[2500:2508, 6] = 4.0, 3.0
    logits[:30, 6] = 2.0
    part = HeldOut(logits, np.eye(NUM_EMOTIONS, dtype=np.float32)[labels], logits)
    plain = Calibration({"face": 1.0}, {"face": np.zeros(NUM_EMOTIONS)})
    favoured, share = favour_rare(plain, part, np.ones(3014, bool))
    found = (favoured.predict(logits, [Modality.FACE]).argmax(1) == 6)[2500:2514].mean()
    assert share == 0.3
    assert found == 1.0
    logits[2500:2508, 6] = 3.9  # found by a smaller push that costs little
    assert favour_rare(plain, part, np.ones(3014, bool))[1] == 0.2


def test_parts_are_joined_with_their_speakers():
    part = HeldOut(np.ones((2, 7), np.float32), np.eye(7, dtype=np.float32)[:2], np.ones((2, 4), np.float32))
    named = HeldOut(part.logits, part.targets, part.embeddings, ("a", "b"))
    joined = join_parts([part, named])
    assert joined.speakers == ("", "", "a", "b")
    assert joined.labels.tolist() == [0, 1, 0, 1]
