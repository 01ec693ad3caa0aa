"""What the systems share: CLIP towers, packed sequences, log-mel pictures, modality dropout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from emoasst_core.errors import ModelError
from emoasst_core.systems.clip_towers import ClipTowers
from emoasst_core.systems.mel_pictures import MER_CLIP_MEL, VGGISH_MEL, MelOptions, as_pictures, log_mel, mel_segments
from emoasst_core.systems.modality_dropout import drop_modalities
from emoasst_core.systems.sequences import pack, spread, unpack
from tests.core.encoders.small_models import VIT, write_open_clip


@pytest.mark.parametrize("lost", ["visual.proj", "transformer.resblocks.0.attn.in_proj_weight"])
def test_clip_towers_hold_every_weight_of_their_folder_or_refuse_it(lost: str, tmp_path: Path) -> None:
    written = write_open_clip(tmp_path, VIT).state_dict()
    towers = ClipTowers.from_folder(tmp_path)
    held = {**towers.text.state_dict(), **{f"visual.{name}": value for name, value in towers.visual.state_dict().items()}}
    assert written.keys() == held.keys() and all(torch.equal(held[name], value) for name, value in written.items())
    path = tmp_path / "open_clip_model.safetensors"
    save_file({name: value for name, value in load_file(path).items() if name != lost}, path)
    with pytest.raises(ModelError, match="The weights"):
        ClipTowers.from_folder(tmp_path)


def test_a_packed_sequence_comes_back_with_its_padding_known() -> None:
    tokens = F.normalize(torch.randn(3, 8, generator=torch.Generator().manual_seed(0)), dim=-1)
    vector = pack(tokens, 5)
    assert vector.shape == (40,) and vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)
    rows, mask = unpack(vector, 8)
    assert mask.tolist() == [True, True, True, False, False]
    torch.testing.assert_close(rows[:3], tokens)
    assert rows[3:].abs().sum() == 0


def test_spread_positions_are_even_and_inside() -> None:
    assert spread(8, 4).tolist() == [1, 3, 5, 7]
    assert spread(2, 4).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("options", [MER_CLIP_MEL, VGGISH_MEL], ids=["mer-clip", "vggish"])
@pytest.mark.parametrize("hertz", [250.0, 1000.0, 4000.0])
def test_a_tone_is_brightest_in_the_filter_around_it(options: MelOptions, hertz: float) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000).astype(np.float32)
    row = int(log_mel(tone, options).mean(1).argmax())
    bins = torch.linspace(0, 8000, options.fft_length // 2 + 1)
    centre = float((options.filters[row] * bins).sum() / options.filters[row].sum())
    assert abs(centre - hertz) < 0.06 * hertz + 10


def test_sound_is_cut_into_the_papers_segments() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 80_000).astype(np.float32)
    assert mel_segments(sound, MER_CLIP_MEL).shape == (3, 224, 62)  # 5 s in pieces of 2 s
    assert mel_segments(sound, VGGISH_MEL).shape == (6, 64, 96)  # 960 ms each
    assert mel_segments(sound[:100], VGGISH_MEL).shape == (1, 64, 96)
    assert as_pictures(mel_segments(sound, MER_CLIP_MEL), 224).shape == (3, 3, 224, 224)


def test_a_microphones_gain_does_not_change_the_picture() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    torch.testing.assert_close(log_mel(sound, VGGISH_MEL), log_mel(0.3 * sound, VGGISH_MEL), atol=0.02, rtol=0.02)


@pytest.mark.parametrize("num_modalities", [2, 3, 4])
@pytest.mark.parametrize("rate", [0.15, 0.3, 0.5])
def test_modalities_are_dropped_at_the_stated_rate_and_never_all(num_modalities: int, rate: float) -> None:
    present = torch.ones(20_000, num_modalities, dtype=torch.bool)
    kept = drop_modalities(present, rate, torch.Generator().manual_seed(0))
    assert bool(kept.any(1).all())
    expected = (rate - rate**num_modalities) / (1 - rate**num_modalities)
    assert (~kept).float().mean(0).numpy() == pytest.approx(expected, abs=0.012)


def test_what_is_absent_stays_absent_and_the_last_one_is_kept() -> None:
    present = torch.tensor([[True, False, False], [False, False, False]]).repeat(500, 1)
    kept = drop_modalities(present, 0.9, torch.Generator().manual_seed(0))
    assert torch.equal(kept, present)
