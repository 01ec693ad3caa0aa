"""A --profile folder is remembered at its first use; later changes are refused until somebody says they are theirs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoasst_core import cli, paths
from emoasst_core.encoders import folder_pins
from emoasst_core.errors import ModelError
from emoasst_core.session.pipeline_factory import load_recogniser


@pytest.fixture
def own_models(tmp_path: Path) -> Iterator[Path]:
    """A copy of the bundled models, as somebody's own run would be."""
    load_recogniser.cache_clear()
    yield Path(shutil.copytree(paths.assets_folder() / "models" / "starter", tmp_path / "own models"))
    load_recogniser.cache_clear()


def loads_again(folder: Path) -> None:
    load_recogniser.cache_clear()
    load_recogniser(str(folder))


def test_a_changed_new_or_missing_file_is_refused_until_it_is_accepted(
    own_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models", "verify", str(own_models)]) == 0
    assert "not used yet" in capsys.readouterr().out
    loads_again(own_models)
    loads_again(own_models)
    profile = own_models / "profile.json"
    values = json.loads(profile.read_text("utf-8"))
    profile.write_text(json.dumps(values | {"beta": values["beta"] + 1}), "utf-8")
    with pytest.raises(ModelError, match=r"profile\.json has changed") as refused:
        loads_again(own_models)
    assert "--accept" in refused.value.next_step
    assert cli.main(["models", "verify"]) == 1
    assert f"{own_models}: profile.json has changed." in capsys.readouterr().out
    assert cli.main(["models", "verify", str(own_models), "--accept"]) == 0
    loads_again(own_models)
    (own_models / "extra.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"extra\.safetensors is new"):
        loads_again(own_models)
    (own_models / "extra.safetensors").unlink()
    loads_again(own_models)
    capsys.readouterr()
    assert cli.main(["models", "verify"]) == 0
    assert "all files are as at the first use" in capsys.readouterr().out


def test_a_run_that_was_measured_is_still_the_model_it_was(own_models: Path) -> None:
    (own_models / "run_card.json").write_text("{}", "utf-8")
    loads_again(own_models)
    (own_models / "run_card.json").write_text('{"results": {}}', "utf-8")
    (own_models / "features" / "key").mkdir(parents=True)
    for name in ("predictions_dev_probe_face.csv", "confusion_dev_probe_face.png", "test_ledger.jsonl", "features/key/text.f16"):
        (own_models / name).write_bytes(b"x")
    loads_again(own_models)
    (own_models / "part").mkdir()
    (own_models / "part" / "run_card.json").write_text("{}", "utf-8")
    with pytest.raises(ModelError, match=r"part/run_card\.json is new"):
        loads_again(own_models)


def test_the_bundled_models_are_not_listed(home: Path) -> None:
    load_recogniser.cache_clear()
    load_recogniser("starter")
    assert folder_pins.pinned_folders() == [] and not (home / folder_pins.PINS_FILE).exists()


def test_what_links_lead_to_counts_and_hidden_files_do_not(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "run", tmp_path / "weights.safetensors"
    (folder / "voice").mkdir(parents=True)
    elsewhere.write_bytes(b"first")
    (folder / "voice" / "weights.safetensors").symlink_to(elsewhere)
    folder_pins.require_unchanged(folder)
    (folder / ".DS_Store").write_bytes(b"x")
    assert folder_pins.find_changes(folder) == []
    elsewhere.write_bytes(b"other")
    assert folder_pins.find_changes(folder) == ["voice/weights.safetensors has changed"]
    (folder / "voice" / "weights.safetensors").unlink()
    assert folder_pins.find_changes(folder) == ["voice/weights.safetensors is missing"]


@pytest.mark.parametrize("content", ["[]", "{", '{"/a": 1}'])
def test_a_damaged_list_is_told_and_nothing_is_taken_for_the_first_use(home: Path, tmp_path: Path, content: str) -> None:
    home.mkdir()
    (home / folder_pins.PINS_FILE).write_text(content)
    with pytest.raises(ModelError):
        folder_pins.require_unchanged(tmp_path)
    assert (home / folder_pins.PINS_FILE).read_text() == content
