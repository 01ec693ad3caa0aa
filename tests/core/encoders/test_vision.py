from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emoasst_core.encoders.card import Card
from emoasst_core.encoders.compute_device import ComputeDevice
from emoasst_core.encoders.face_normalisation import standardise
from emoasst_core.encoders.open_clip_network import build, import_open_clip, model_config
from emoasst_core.encoders.vision import VisionEncoder, prepare_picture
from emoasst_core.errors import ModelError
from tests.core.encoders.small_models import TIMM, VIT, write_open_clip

CPU = ComputeDevice("cpu")


def make_crops(num: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    sides = rng.integers(20, 90, num)
    return [rng.integers(0, 256, (side, side, 3), np.uint8) for side in sides]


@pytest.mark.parametrize("config", [VIT, TIMM], ids=["vit", "timm"])
def test_embeddings_are_unit_vectors_of_the_configured_size(tmp_path: Path, config: dict) -> None:
    write_open_clip(tmp_path, config)
    encoder = VisionEncoder(tmp_path, CPU)
    embeddings = encoder.embed(make_crops(5))
    assert embeddings.shape == (5, config["embed_dim"]) and embeddings.dtype == np.float32
    assert encoder.embed_dim == config["embed_dim"]
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert np.abs(embeddings[0] - embeddings[1]).max() > 1e-4
    assert encoder.embed([]).shape == (0, config["embed_dim"])


@pytest.mark.parametrize("config", [VIT, TIMM], ids=["vit", "timm"])
def test_an_embedding_does_not_depend_on_its_batch(tmp_path: Path, config: dict) -> None:
    write_open_clip(tmp_path, config)
    crops = make_crops(7)
    together = VisionEncoder(tmp_path, CPU, batch_size=64).embed(crops)
    for batch_size in (1, 3):
        np.testing.assert_allclose(VisionEncoder(tmp_path, CPU, batch_size=batch_size).embed(crops), together, atol=1e-5)
    np.testing.assert_allclose(VisionEncoder(tmp_path, CPU).embed(crops[::-1])[::-1], together, atol=1e-5)


def test_the_tower_gives_what_open_clip_itself_gives(tmp_path: Path) -> None:
    """Oracle: open_clip's own loader and transform, on a picture of the tower's size so that nothing is resized."""
    write_open_clip(tmp_path, VIT)
    open_clip = import_open_clip()
    network, _, transform = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}")
    from PIL import Image

    crop = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    with torch.inference_mode():
        expected = network.eval().encode_image(transform(Image.fromarray(crop))[None], normalize=True)
    np.testing.assert_allclose(VisionEncoder(tmp_path, CPU).embed([crop]), expected.numpy(), atol=1e-5)


def test_weights_stored_at_half_precision_are_used_as_float32(tmp_path: Path) -> None:
    write_open_clip(tmp_path / "whole", VIT)
    write_open_clip(tmp_path / "half", VIT, half=True)
    whole, half = (VisionEncoder(tmp_path / name, CPU) for name in ("whole", "half"))
    assert {weight.dtype for weight in half.tower.parameters()} == {torch.float32}
    np.testing.assert_allclose(half.embed(make_crops(2)), whole.embed(make_crops(2)), atol=5e-3)


def test_the_cards_mean_and_std_win_over_the_configuration(tmp_path: Path) -> None:
    imagenet_mean, imagenet_std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    write_open_clip(tmp_path, VIT, mean=[0.1, 0.1, 0.1], std=[1.0, 1.0, 1.0])
    crop = np.full((32, 32, 3), 128, np.uint8)
    np.testing.assert_allclose(VisionEncoder(tmp_path, CPU).prepare(crop).mean((1, 2)), [128 / 255 - 0.1] * 3, atol=1e-5)
    card = {"name": "emotionclip", "kind": "open_clip", "mean": imagenet_mean, "std": imagenet_std}
    (tmp_path / "card.json").write_text(json.dumps(card))
    expected = (128 / 255 - np.array(imagenet_mean)) / np.array(imagenet_std)
    np.testing.assert_allclose(VisionEncoder(tmp_path, CPU).prepare(crop).mean((1, 2)), expected, atol=1e-5)


def test_the_grey_mode_prepares_a_small_crop_as_the_starters_training_did() -> None:
    grey = np.random.default_rng(4).integers(0, 256, (1, 48, 48), np.uint8)
    trained_on = standardise(F.interpolate(torch.from_numpy(grey).float().div(255)[None], size=(96, 96), mode="bilinear"))
    card = Card("starter", "open_clip", color="grey", interpolation="bilinear")
    picture = torch.from_numpy(np.repeat(grey, 3, 0)).float().div(255)[None]
    torch.testing.assert_close(prepare_picture(picture, card, 96), trained_on, atol=1e-4, rtol=0)


def test_grey_embeddings_do_not_change_with_brightness_contrast_or_tint(tmp_path: Path) -> None:
    write_open_clip(tmp_path, TIMM, color="grey", interpolation="bilinear")
    encoder = VisionEncoder(tmp_path, CPU)
    crop = np.repeat(np.random.default_rng(5).integers(60, 200, (40, 40, 1), np.uint8), 3, 2)
    darker = (crop * 0.5 + 10).round().astype(np.uint8)
    same, other = encoder.embed([crop, darker]), encoder.embed(make_crops(1))
    assert same[0] @ same[1] > 0.999 > float(same[0] @ other[0])


def test_a_flat_crop_gives_a_finite_embedding(tmp_path: Path) -> None:
    write_open_clip(tmp_path, TIMM, color="grey", interpolation="bilinear")
    assert np.isfinite(VisionEncoder(tmp_path, CPU).embed([np.zeros((30, 30, 3), np.uint8)])).all()


def test_the_mirror_option_makes_a_face_and_its_mirror_image_alike(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT, mirror=True)
    crop = make_crops(1)[0]
    embeddings = VisionEncoder(tmp_path, CPU).embed([crop, crop[:, ::-1]])
    np.testing.assert_allclose(embeddings[0], embeddings[1], atol=1e-5)


def test_the_person_token_adds_the_sum_of_the_patch_positions(tmp_path: Path) -> None:
    network = write_open_clip(tmp_path, VIT, person_token=True, mean=[0, 0, 0], std=[1, 1, 1])
    encoder = VisionEncoder(tmp_path, CPU)
    crop = np.random.default_rng(6).integers(0, 256, (32, 32, 3), np.uint8)
    visual = network.visual
    with torch.inference_mode():
        patches = visual.conv1(encoder.prepare(crop)[None]).flatten(2).transpose(1, 2)
        tokens = torch.cat([visual.class_embedding.view(1, 1, -1), patches], 1) + visual.positional_embedding
        tokens = torch.cat([tokens, visual.positional_embedding[1:].sum(0).view(1, 1, -1)], 1)
        expected = visual.ln_post(visual.transformer(visual.ln_pre(tokens))[:, 0]) @ visual.proj
    np.testing.assert_allclose(encoder.embed([crop])[0], F.normalize(expected, dim=-1)[0].numpy(), atol=1e-5)


def test_a_file_with_only_the_vision_tower_is_enough(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    write_open_clip(tmp_path, VIT)
    before = VisionEncoder(tmp_path, CPU).embed(make_crops(2))
    path = tmp_path / "open_clip_model.safetensors"
    save_file({name: tensor for name, tensor in load_file(path).items() if name.startswith("visual.")}, path)
    np.testing.assert_array_equal(VisionEncoder(tmp_path, CPU).embed(make_crops(2)), before)


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    narrower = {**VIT, "embed_dim": 20}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": narrower}))
    with pytest.raises(ModelError, match="do not fit"):
        VisionEncoder(tmp_path, CPU)


def test_a_crop_that_is_no_colour_picture_is_refused(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    for crop in (np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3), np.uint8)):
        with pytest.raises(ModelError, match="uint8"):
            VisionEncoder(tmp_path, CPU).embed([crop])


def test_a_name_and_weights_are_enough_for_the_full_size_network(tmp_path: Path) -> None:
    card = Card("clip-vit-b-32", "open_clip", architecture="ViT-B-32", activation="quick_gelu")
    config = model_config(tmp_path, card)
    assert config["quick_gelu"] is True and config["vision_cfg"]["patch_size"] == 32 and config["embed_dim"] == 512
    network = build(config)
    assert sum(weight.numel() for weight in network.parameters()) == 151_277_313
    assert sum(weight.numel() for weight in network.visual.parameters()) == 87_849_216
    assert "QuickGELU" in {type(module).__name__ for module in network.modules()}
    assert model_config(tmp_path, Card("c", "open_clip", architecture="ViT-B-32"))["quick_gelu"] is False


def test_an_unknown_architecture_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="ViT-Z-99"):
        model_config(tmp_path, Card("x", "open_clip", architecture="ViT-Z-99"))


def test_half_precision_on_request_stays_close_and_returns_float32(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    whole = VisionEncoder(tmp_path, CPU).embed(make_crops(3))
    half = VisionEncoder(tmp_path, ComputeDevice("cpu", half_precision=True)).embed(make_crops(3))
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, whole, atol=0.03)
    assert np.abs(half - whole).max() > 0


def test_a_missing_weights_file_is_named_with_the_next_step(tmp_path: Path) -> None:
    folder = tmp_path / "clip-vit-b-32"
    write_open_clip(folder, VIT)
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"open_clip_model\.safetensors.* is missing") as caught:
        VisionEncoder(folder, CPU)
    assert "emoasst models download clip-vit-b-32" in caught.value.next_step
    (folder / "open_clip_config.json").unlink()
    with pytest.raises(ModelError, match=r"open_clip_config\.json is missing"):
        VisionEncoder(folder, CPU)


def test_a_bundled_starter_tower_gives_what_it_gave_in_training(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from emoasst_core.training.starter.face_augmentation import FACE_DETAIL, seen_by_tower
    from emoasst_core.training.starter.face_tower import STARTER_MODEL_CFG, FaceTower

    torch.manual_seed(7)
    trained = FaceTower().eval()
    weights = {f"visual.{name}": tensor.contiguous() for name, tensor in trained.visual.state_dict().items()}
    save_file(weights, tmp_path / "open_clip_model.safetensors")
    config = {
        "model_cfg": STARTER_MODEL_CFG,
        "preprocess_cfg": {"color": "grey_face", "interpolation": "bilinear", "detail_px": 48, "fine_detail": FACE_DETAIL},
    }
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    crops = np.random.default_rng(8).integers(0, 256, (3, 48, 48, 1), np.uint8).repeat(3, 3)
    with torch.inference_mode():
        grey = torch.from_numpy(crops[..., :1]).permute(0, 3, 1, 2).float().div(255)
        grey = F.interpolate(grey, size=(64, 64), mode="bilinear", align_corners=False)
        expected = F.normalize(trained.visual(seen_by_tower(grey)), dim=-1)
    embeddings = VisionEncoder(tmp_path, CPU).embed(list(crops))
    np.testing.assert_allclose(embeddings, expected.numpy(), atol=1e-4)
