"""A bundle as written and as read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emoasst_core.encoders.audio import AudioEncoder
from emoasst_core.encoders.compute_device import ComputeDevice
from emoasst_core.errors import ModelError
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.bundle import read_text_tower, write_bundle, zero_shot_constants
from emoasst_core.training.starter.face_tower import EMBED_DIM, FaceTower
from emoasst_core.training.starter.text_tower import TextTower
from emoasst_core.training.starter.video_fusion import VideoFusion
from emoasst_core.training.starter.voice_tower import VoiceTower

CONSTANTS = {"alphas": {}, "beta": 1.0, "reliabilities": {}, "calibration": {}, "cues": {}}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TextTower, VoiceTower]:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("bundle")
    text, voice, fusion = TextTower().eval(), VoiceTower().eval(), VideoFusion(emotion_anchors(EMBED_DIM))
    with torch.no_grad():
        text.words_bias.normal_()
    constants = {**CONSTANTS, "zero_shot": zero_shot_constants(text, voice, fusion)}
    write_bundle(folder, FaceTower(), text, voice, fusion, constants)
    return folder, text, voice


def test_the_text_tower_of_a_bundle_says_what_it_said(bundle: tuple[Path, TextTower, VoiceTower]):
    folder, text, _ = bundle
    tokens = torch.randint(1, 40_000, (4, 32), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        again = read_text_tower(folder)
        np.testing.assert_allclose(again.embed(tokens), text.embed(tokens), atol=5e-3)
        np.testing.assert_allclose(again.words_bias, text.words_bias, atol=1e-3)


def test_the_program_hears_what_the_trained_voice_network_heard(bundle: tuple[Path, TextTower, VoiceTower]):
    folder, _, voice = bundle
    sound = 0.1 * torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted, _ = voice.network(sound)
    heard = AudioEncoder(folder / "audio", ComputeDevice("cpu")).states(sound[0].numpy())
    np.testing.assert_allclose(heard, wanted[0], atol=2e-2)  # stored at half precision


def test_a_damaged_bundle_is_refused(bundle: tuple[Path, TextTower, VoiceTower], tmp_path: Path):
    (tmp_path / "profile.json").write_bytes((bundle[0] / "profile.json").read_bytes())
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="open_clip_model"):
        read_text_tower(tmp_path)
