from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from emoasst_core.encoders.audio import AudioEncoder, normalise_sound
from emoasst_core.encoders.compute_device import ComputeDevice
from emoasst_core.encoders.wav2vec2_network import build_wav2vec2, shortest_sound
from emoasst_core.errors import ModelError
from tests.core.encoders.small_models import write_wav2vec2

CPU = ComputeDevice("cpu")


def make_sound(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(int(16_000 * seconds)) + 0.05).astype(np.float32)


@pytest.mark.parametrize(
    "changes", [{}, {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}], ids=["base style", "large style"]
)
def test_states_are_those_after_the_last_layer_kept(tmp_path: Path, changes: dict) -> None:
    """Oracle: all hidden states of the whole network, by transformers."""
    whole = write_wav2vec2(tmp_path, num_layers=3, **changes)
    encoder = AudioEncoder(tmp_path, CPU)
    sound = make_sound(0.5)
    with torch.inference_mode():
        hidden = whole(torch.from_numpy(normalise_sound(sound))[None], output_hidden_states=True).hidden_states
    states = encoder.states(sound)
    assert states.dtype == np.float32 and encoder.state_dim == 32
    np.testing.assert_allclose(states, hidden[3][0].numpy(), atol=1e-5)
    assert np.abs(states - hidden[2][0].numpy()).max() > 1e-3


def test_sound_is_normalised_as_transformers_feature_extractor_does() -> None:
    from transformers import Wav2Vec2FeatureExtractor

    sound = make_sound(0.3)
    expected = Wav2Vec2FeatureExtractor(do_normalize=True)(sound, sampling_rate=16_000, return_tensors="np").input_values[0]
    np.testing.assert_allclose(normalise_sound(sound), expected, atol=1e-5)


def test_the_card_can_leave_the_sound_as_it_is(tmp_path: Path) -> None:
    whole = write_wav2vec2(tmp_path, num_layers=2)
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": false}')
    sound = make_sound(0.2)
    with torch.inference_mode():
        hidden = whole(torch.from_numpy(sound)[None], output_hidden_states=True).hidden_states
    np.testing.assert_allclose(AudioEncoder(tmp_path, CPU).states(sound), hidden[2][0].numpy(), atol=1e-5)


def test_a_clips_states_do_not_depend_on_what_was_encoded_before(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path, num_layers=2)
    encoder = AudioEncoder(tmp_path, CPU)
    first = encoder.states(make_sound(0.4, 1))
    encoder.states(make_sound(1.1, 2))
    np.testing.assert_array_equal(encoder.states(make_sound(0.4, 1)), first)


def test_a_segue_checkpoint_gives_the_states_of_its_speech_half(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path / "plain", num_layers=2)
    expected = AudioEncoder(tmp_path / "plain", CPU).states(make_sound(0.3))
    weights = load_file(tmp_path / "plain" / "model.safetensors")
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    segue = {"text_encoder.embeddings.weight": torch.zeros(4, 4)}
    for name, tensor in weights.items():
        for new_name, old_name in old.items():
            name = name.replace(new_name, old_name)
        segue[f"speech_encoder.{name}"] = tensor
    assert any("weight_g" in name for name in segue)
    write_wav2vec2(tmp_path / "segue", num_layers=2)
    save_file(segue, tmp_path / "segue" / "model.safetensors")
    np.testing.assert_array_equal(AudioEncoder(tmp_path / "segue", CPU).states(make_sound(0.3)), expected)


def test_weights_stored_at_half_precision_are_used_as_float32(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path, num_layers=2)
    path = tmp_path / "model.safetensors"
    expected = AudioEncoder(tmp_path, CPU).states(make_sound(0.3))
    save_file({name: tensor.half() for name, tensor in load_file(path).items()}, path)
    encoder = AudioEncoder(tmp_path, CPU)
    assert {weight.dtype for weight in encoder.network.parameters()} == {torch.float32}
    np.testing.assert_allclose(encoder.states(make_sound(0.3)), expected, atol=0.05)


def test_very_short_sound_gives_one_state(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path, num_layers=2)
    assert AudioEncoder(tmp_path, CPU).states(np.full(3, 0.1, np.float32)).shape == (1, 32)
    assert shortest_sound([10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2]) == 400


def test_sound_that_cannot_be_encoded_is_refused(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path, num_layers=2)
    encoder = AudioEncoder(tmp_path, CPU)
    for sound in (np.zeros(0, np.float32), np.zeros((2, 500), np.float32), np.full(500, np.nan, np.float32)):
        with pytest.raises(ModelError, match="finite samples"):
            encoder.states(sound)


def test_more_layers_than_there_are_is_refused(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path, num_layers=9)
    with pytest.raises(ModelError, match="9 layers, the network has 4"):
        AudioEncoder(tmp_path, CPU)


def test_another_sample_rate_is_refused(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path, num_layers=2)
    (tmp_path / "card.json").write_text(json.dumps({"kind": "wav2vec2", "sample_rate_hz": 8000, "num_layers": 2}))
    with pytest.raises(ModelError, match="8000 Hz"):
        AudioEncoder(tmp_path, CPU)


def test_nine_layers_of_the_base_size_have_the_published_number_of_weights() -> None:
    network = build_wav2vec2({}, num_layers=9)
    assert sum(weight.numel() for weight in network.parameters()) == 73_107_328


def test_the_prosody_kind_gives_the_states_of_its_network(tmp_path: Path) -> None:
    from emoasst_core.encoders.prosody import ProsodyEncoder, ProsodyNetwork

    torch.manual_seed(3)
    network = ProsodyNetwork(width=16, state_dim=32).eval()
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "card.json").write_text('{"kind": "prosody"}')
    encoder = AudioEncoder(tmp_path, CPU)
    sound = make_sound(1.0)
    states = encoder.states(sound)
    assert states.shape == (26, 32) and encoder.state_dim == 32  # 1 s: 101 frames of 10 ms, a state per 40 ms
    np.testing.assert_allclose(states, ProsodyEncoder(network).states(sound), atol=1e-5)


def test_a_prosody_folder_with_other_weights_is_refused(tmp_path: Path) -> None:
    save_file({"blocks.weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    (tmp_path / "card.json").write_text('{"kind": "prosody"}')
    with pytest.raises(ModelError, match="no prosody network"):
        AudioEncoder(tmp_path, CPU)


def test_a_configuration_of_another_network_is_refused(tmp_path: Path) -> None:
    write_wav2vec2(tmp_path, num_layers=2)
    (tmp_path / "config.json").write_text('{"model_type": "hubert"}')
    with pytest.raises(ModelError, match="describes a hubert"):
        AudioEncoder(tmp_path, CPU)
    (tmp_path / "config.json").write_text('{"model_type": "segue", "speech_encoder_checkpoint": "facebook/wav2vec2-base"}')
    with pytest.raises(ModelError, match="do not fit"):  # SEGUE's file stands for the base size, and these weights are tiny
        AudioEncoder(tmp_path, CPU)


def test_a_missing_weights_file_is_named_with_the_next_step(tmp_path: Path) -> None:
    folder = tmp_path / "wav2vec2-base"
    write_wav2vec2(folder, num_layers=2)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors is missing") as caught:
        AudioEncoder(folder, CPU)
    assert "emoasst models download wav2vec2-base" in caught.value.next_step


def test_a_picture_models_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{"kind": "open_clip"}')
    with pytest.raises(ModelError, match="takes no sound"):
        AudioEncoder(tmp_path, CPU)
