from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from emoasst_core.encoders import checkpoints
from emoasst_core.encoders.card import Card, read_card
from emoasst_core.encoders.checkpoints import folder_hash, load_weights, require_file
from emoasst_core.encoders.compute_device import choose_device
from emoasst_core.encoders.offline import OFFLINE_VARIABLES, forbid_network
from emoasst_core.errors import ModelError
from tests.core.encoders.small_models import VIT, write_open_clip


def test_a_missing_file_is_named_with_the_next_step(tmp_path: Path) -> None:
    folder = tmp_path / "clip-vit-b-32"
    folder.mkdir()
    with pytest.raises(ModelError) as caught:
        require_file(folder, "open_clip_model.safetensors")
    assert "open_clip_model.safetensors is missing" in caught.value.message
    assert "emoasst models download clip-vit-b-32" in caught.value.next_step


def test_half_precision_is_read_as_float32_and_integers_stay(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.tensor([0.5, 1.0]).half(), "b": torch.tensor([3.0]).bfloat16(), "n": torch.tensor([7])}, path)
    weights = load_weights(path)
    assert {name: tensor.dtype for name, tensor in weights.items()} == {
        "a": torch.float32,
        "b": torch.float32,
        "n": torch.int64,
    }
    np.testing.assert_array_equal(weights["a"], [0.5, 1.0])


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x02}q\x00."], ids=["empty", "text", "pickle"])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="safetensors"):
        load_weights(path)


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    write_open_clip(tmp_path, VIT)
    path = tmp_path / "open_clip_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be read"):
        load_weights(path)


def test_a_folders_hash_follows_its_contents_only(tmp_path: Path) -> None:
    write_open_clip(tmp_path / "a", VIT)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    os.utime(tmp_path / "b" / "open_clip_config.json", (0, 0))
    assert folder_hash(tmp_path / "a") == folder_hash(tmp_path / "b")
    (tmp_path / "b" / "installed.json").write_text("{}")
    assert folder_hash(tmp_path / "a") == folder_hash(tmp_path / "b")
    Card("b", "open_clip", mean=(0.5, 0.5, 0.5)).write(tmp_path / "b")
    assert folder_hash(tmp_path / "a") != folder_hash(tmp_path / "b")
    assert folder_hash(tmp_path / "a", tmp_path / "b") != folder_hash(tmp_path / "b", tmp_path / "a")


def test_a_card_survives_writing_and_reading(tmp_path: Path) -> None:
    card = Card("emotionclip", "open_clip", "somewhere", "MIT", mean=(0.485, 0.456, 0.406), person_token=True)
    card.write(tmp_path)
    assert read_card(tmp_path, "open_clip") == card


def test_a_card_of_another_kind_or_with_unknown_values_is_refused(tmp_path: Path) -> None:
    Card("w", "wav2vec2").write(tmp_path)
    with pytest.raises(ModelError, match="of kind wav2vec2, but open_clip"):
        read_card(tmp_path, "open_clip")
    (tmp_path / "card.json").write_text('{"kind": "open_clip", "colour": "grey"}')
    with pytest.raises(ModelError, match="colour"):
        read_card(tmp_path, "open_clip")
    (tmp_path / "card.json").write_text('{"kind": "open_clip", "color": "sepia"}')
    with pytest.raises(ModelError, match="sepia"):
        read_card(tmp_path, "open_clip")
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(ModelError, match=r"card\.json cannot be read"):
        read_card(tmp_path, "open_clip")


def test_opening_an_encoder_keeps_the_libraries_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OFFLINE_VARIABLES:
        monkeypatch.setenv(name, "0")
    forbid_network()
    assert {os.environ[name] for name in OFFLINE_VARIABLES} == {"1"}


def test_a_processor_that_is_not_there_is_refused() -> None:
    assert choose_device("cpu").name == "cpu" and not choose_device("cpu").half_precision
    with pytest.raises(ModelError, match="abacus"):
        choose_device("abacus")
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="cuda"):
            choose_device("cuda")


def test_reading_cards_and_listing_models_loads_no_heavy_library() -> None:
    code = (
        "import sys, emoasst_core.encoders.card, emoasst_core.encoders.checkpoints, emoasst_core.encoders.compute_device\n"
        "print(sorted({'torch', 'transformers', 'open_clip', 'timm'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(checkpoints.__file__).parents[2])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == "[]"
