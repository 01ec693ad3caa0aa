from __future__ import annotations

import hashlib
import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emoasst_core.encoders.audio import AudioEncoder
from emoasst_core.encoders.checkpoints import folder_hash, sha256_of
from emoasst_core.encoders.compute_device import ComputeDevice
from emoasst_core.encoders.file_download import DownloadOptions
from emoasst_core.encoders.installation import find_faults, read_record
from emoasst_core.encoders.model_download import download_model, import_model
from emoasst_core.encoders.model_registry import ModelEntry, ModelFile
from emoasst_core.encoders.open_clip_network import build, import_open_clip
from emoasst_core.encoders.vision import VisionEncoder
from emoasst_core.encoders.wav2vec2_network import build_wav2vec2
from emoasst_core.errors import DownloadError, ModelError
from tests.core.encoders.misbehaving_server import CONTENT, SHA256, misbehaving_server
from tests.core.encoders.small_models import VIT, write_open_clip

QUICK = DownloadOptions(stall_s=0.3, attempts=2, wait_s=0.01)
CPU = ComputeDevice("cpu")


def make_entry(url: str = "", **changes: object) -> ModelEntry:
    files = (ModelFile("a.bin", url, SHA256, len(CONTENT)), ModelFile("b.bin", url, SHA256, len(CONTENT)))
    entry = ModelEntry("small", "A small model", "face_detector", "https://example.org", "MIT", files, revision="1")
    return replace(entry, **changes)  # type: ignore[arg-type]


def fill_stick(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(CONTENT)
    return folder


def test_a_downloaded_model_is_whole_recorded_and_verified(tmp_path: Path) -> None:
    with misbehaving_server() as server:
        entry = make_entry(server.url("good"))
        folder = download_model(entry, tmp_path / "models", options=QUICK)
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin", "installed.json"]
    record = read_record(folder)
    assert record is not None and record.published == {"a.bin": SHA256, "b.bin": SHA256} and record.revision == "1"
    assert find_faults(folder, entry) == []
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["small"]


def test_a_failed_download_installs_nothing_and_a_second_run_fetches_only_the_rest(tmp_path: Path) -> None:
    with misbehaving_server() as server:
        entry = make_entry(server.url("good"))
        broken = replace(entry, files=(entry.files[0], replace(entry.files[1], url=server.url("missing"))))
        with pytest.raises(DownloadError, match="404"):
            download_model(broken, tmp_path, options=QUICK)
        assert not (tmp_path / "small").exists()
        num_before = len(server.ranges)
        download_model(entry, tmp_path, options=QUICK)
        assert len(server.ranges) == num_before + 1


def test_an_unpinned_model_needs_consent_and_is_pinned_from_then_on(tmp_path: Path) -> None:
    with misbehaving_server() as server:
        entry = make_entry(pin="first-use", files=(ModelFile("a.bin", server.url("good")),))
        with pytest.raises(DownloadError, match=r"--accept-unpinned"):
            download_model(entry, tmp_path, options=QUICK)
        assert server.ranges == []
        folder = download_model(entry, tmp_path, accept_unpinned=True, options=QUICK)
    assert find_faults(folder, entry) == []
    (folder / "a.bin").write_bytes(b"changed")
    assert "a.bin has changed" in find_faults(folder, entry)[0]


def test_a_model_without_an_address_says_how_to_fetch_it_by_hand(tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        download_model(make_entry(), tmp_path)
    assert "https://example.org" in caught.value.next_step and "models import" in caught.value.next_step


@pytest.mark.parametrize("inside", ["", "small"], ids=["files in the folder", "folder of the model's name"])
def test_a_model_is_imported_from_a_stick(tmp_path: Path, inside: str) -> None:
    fill_stick(tmp_path / "stick" / inside, "a.bin", "b.bin", "holiday.jpg")
    folder = import_model(make_entry(), tmp_path / "stick", tmp_path / "models")
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin", "installed.json"]
    assert find_faults(folder, make_entry()) == []


def test_an_import_that_fails_leaves_the_former_model_alone(tmp_path: Path) -> None:
    folder = import_model(make_entry(), fill_stick(tmp_path / "stick", "a.bin", "b.bin"), tmp_path / "models")
    (tmp_path / "stick" / "b.bin").write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(ModelError, match="not the file it should be"):
        import_model(make_entry(), tmp_path / "stick", tmp_path / "models")
    (tmp_path / "stick" / "b.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(ModelError, match="299999 bytes, expected 300000"):
        import_model(make_entry(), tmp_path / "stick", tmp_path / "models")
    (tmp_path / "stick" / "b.bin").unlink()
    with pytest.raises(ModelError, match=r"b\.bin is missing"):
        import_model(make_entry(), tmp_path / "stick", tmp_path / "models")
    assert find_faults(folder, make_entry()) == []
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["small"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    stick = fill_stick(tmp_path / "stick", "a.bin")
    (tmp_path / "secret").write_bytes(CONTENT)
    (stick / "b.bin").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="is a link"):
        import_model(make_entry(), stick, tmp_path / "models")
    (tmp_path / "way").symlink_to(stick)
    with pytest.raises(ModelError, match="links are not followed"):
        import_model(make_entry(), tmp_path / "way", tmp_path / "models")
    other = tmp_path / "other"
    other.mkdir()
    (other / "small").symlink_to(stick)
    with pytest.raises(ModelError, match="is a link"):
        import_model(make_entry(), other, tmp_path / "models")
    assert not (tmp_path / "models" / "small").exists()


def test_a_record_that_points_outside_its_folder_is_refused(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (tmp_path / "secret").write_bytes(CONTENT)
    (stick / "installed.json").write_text(json.dumps({"name": "small", "files": {"../secret": SHA256}}))
    with pytest.raises(ModelError, match="not allowed"):
        import_model(make_entry(), stick, tmp_path / "models", accept_unpinned=True)
    assert not (tmp_path / "models" / "small").exists()


def test_a_changed_or_missing_file_is_found(tmp_path: Path) -> None:
    folder = import_model(make_entry(), fill_stick(tmp_path / "stick", "a.bin", "b.bin"), tmp_path / "models")
    (folder / "a.bin").unlink()
    changed = bytes(len(CONTENT))
    (folder / "b.bin").write_bytes(changed)
    faults = find_faults(folder, make_entry())
    assert len(faults) == 2 and "a.bin is missing" in faults[0] and hashlib.sha256(changed).hexdigest() in faults[1]
    (folder / "installed.json").unlink()
    assert "not installed by emoasst" in find_faults(folder, make_entry())[0]


def test_another_revision_than_listed_is_found(tmp_path: Path) -> None:
    folder = import_model(make_entry(), fill_stick(tmp_path / "stick", "a.bin", "b.bin"), tmp_path / "models")
    assert "revision 1 is installed, 2 is listed" in find_faults(folder, make_entry(revision="2"))[0]


def published(path: Path, content: object, name: str, kind: str, convert: str, **card: object) -> ModelEntry:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = ModelFile(path.name, sha256=sha256)
    return ModelEntry(name, name, kind, "https://example.org", "MIT", (file,), convert=convert, card=card)


def test_a_published_segue_becomes_its_first_layers_as_safetensors(tmp_path: Path) -> None:
    """Oracle: the same network asked directly."""
    torch.manual_seed(5)
    network = build_wav2vec2({}, num_layers=1).eval()
    weights = {f"speech_encoder.{name}": tensor for name, tensor in network.state_dict().items()}
    weights["text_encoder.weight"] = weights["speech_encoder.encoder.layers.7.bias"] = torch.zeros(3)
    entry = published(tmp_path / "usb" / "pytorch_model.bin", weights, "segue", "wav2vec2", "wav2vec2", num_layers=1)
    folder = import_model(entry, tmp_path / "usb", tmp_path / "models")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["card.json", "config.json", "installed.json", "model.safetensors"]
    sound = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    with torch.inference_mode():
        normal = torch.from_numpy((sound - sound.mean()) / sound.std())[None]
        expected = network(normal).last_hidden_state[0].numpy()
    np.testing.assert_allclose(AudioEncoder(folder, CPU).states(sound), expected, atol=1e-4)


def test_a_published_emotionclip_becomes_its_towers_as_safetensors(tmp_path: Path) -> None:
    import_open_clip().add_model_config(_small_config(tmp_path))
    torch.manual_seed(6)
    network = build(VIT).eval()
    weights = {f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}
    weights["visual_head.frame_position_embedding.weight"] = torch.zeros(8, 4)
    card = {"person_token": True, "crop_fraction": 0.875, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    path = tmp_path / "usb" / "emotionclip_latest.pt"
    checkpoint = {"model": weights, "epoch": 3}
    entry = published(path, checkpoint, "emotionclip", "open_clip", "emotionclip", architecture="small-vit", **card)
    encoder = VisionEncoder(import_model(entry, tmp_path / "usb", tmp_path / "models"), CPU)
    assert encoder.card.mean == (0.485, 0.456, 0.406) and encoder.card.person_token
    torch.testing.assert_close(encoder.tower.conv1.weight, network.visual.conv1.weight)
    assert encoder.embed([np.full((50, 50, 3), 90, np.uint8)]).shape == (1, encoder.embed_dim)


def test_a_converted_model_can_be_copied_to_another_computer_with_consent(tmp_path: Path) -> None:
    import_open_clip().add_model_config(_small_config(tmp_path))
    weights = {f"backbone.{name}": tensor for name, tensor in build(VIT).state_dict().items()}
    path = tmp_path / "usb" / "emotionclip_latest.pt"
    entry = published(path, {"model": weights}, "emotionclip", "open_clip", "emotionclip", architecture="small-vit")
    folder = import_model(entry, tmp_path / "usb", tmp_path / "models")
    with pytest.raises(ModelError, match="another computer"):
        import_model(entry, folder, tmp_path / "elsewhere")
    copy = import_model(entry, folder, tmp_path / "elsewhere", accept_unpinned=True)
    assert find_faults(copy, entry) == [] and folder_hash(copy) == folder_hash(folder)
    (folder / "open_clip_model.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelError, match="not the file it should be"):
        import_model(entry, folder, tmp_path / "elsewhere", accept_unpinned=True)
    assert find_faults(copy, entry) == []


def test_an_imported_clip_needs_only_its_weights_and_its_card(tmp_path: Path) -> None:
    import_open_clip().add_model_config(_small_config(tmp_path))
    write_open_clip(tmp_path / "usb", {**VIT, "quick_gelu": True})
    (tmp_path / "usb" / "open_clip_config.json").unlink()
    file = ModelFile("open_clip_model.safetensors", sha256=sha256_of(tmp_path / "usb" / "open_clip_model.safetensors"))
    card = {"architecture": "small-vit", "activation": "quick_gelu"}
    entry = ModelEntry("clip", "CLIP", "open_clip", "https://example.org", "MIT", (file,), revision="7", card=card)
    folder = import_model(entry, tmp_path / "usb", tmp_path / "models")
    encoder = VisionEncoder(folder, CPU)
    assert (encoder.card.sha256, encoder.card.revision, encoder.card.licence) == (file.sha256, "7", "MIT")
    write_open_clip(tmp_path / "whole", {**VIT, "quick_gelu": True})
    crop = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    np.testing.assert_array_equal(encoder.embed([crop]), VisionEncoder(tmp_path / "whole", CPU).embed([crop]))
    write_open_clip(tmp_path / "gelu", VIT)
    assert np.abs(encoder.embed([crop]) - VisionEncoder(tmp_path / "gelu", CPU).embed([crop])).max() > 1e-4


def _small_config(folder: Path) -> Path:
    path = folder / "small-vit.json"
    path.write_text(json.dumps(VIT))
    return path


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch code-has-run",)


@pytest.mark.parametrize("content", [_Code(), {"model": _Code()}, {"model": {"x": 1}}], ids=["code", "code inside", "no weights"])
def test_a_checkpoint_that_is_not_only_tensors_is_refused_and_runs_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = published(tmp_path / "usb" / "pytorch_model.bin", content, "evil", "wav2vec2", "wav2vec2", num_layers=2)
    with pytest.raises(ModelError):
        import_model(entry, tmp_path / "usb", tmp_path / "models")
    assert not (tmp_path / "code-has-run").exists() and not (tmp_path / "models" / "evil").exists()


def test_a_plain_pickle_is_refused(tmp_path: Path) -> None:
    entry = published(tmp_path / "usb" / "pytorch_model.bin", {}, "evil", "wav2vec2", "wav2vec2", num_layers=2)
    data = pickle.dumps({"a": 1})
    (tmp_path / "usb" / "pytorch_model.bin").write_bytes(data)
    entry = replace(entry, files=(ModelFile("pytorch_model.bin", sha256=hashlib.sha256(data).hexdigest()),))
    with pytest.raises(ModelError, match=r"pytorch_model\.bin"):
        import_model(entry, tmp_path / "usb", tmp_path / "models")
