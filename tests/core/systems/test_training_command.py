"""`emoasst train --system` on a listing of one's own: a profile comes out that can be measured, and a run card."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from emoasst_core.cli import main
from emoasst_core.errors import ConfigError
from emoasst_core.systems.opening import open_recogniser
from emoasst_core.training.systems.command import read_choices
from tests.media import talking_ramp

ROWS = (("train", "joy"), ("train", "anger"), ("train", "joy"), ("train", "anger"), ("dev", "joy"), ("dev", "anger"))


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    """Six clips of a tone and a ramp: nothing to see a face in, something to hear and to read."""
    path = tmp_path / "clips.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["path", "emotion", "split", "speaker", "text"])
        for number, (split, emotion) in enumerate(ROWS):
            clip = talking_ramp(tmp_path / f"clip{number}.mp4", 1.2)
            writer.writerow([clip.name, emotion, split, f"{split}{number}", f"well that is {emotion} then"])
    return path


def test_a_listing_becomes_a_profile_with_a_run_card(listing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    command = ["train", "--system", "sem-mbt", "--data", str(listing), "--out", str(out), "--epochs", "1"]
    assert main([*command, "--option", "encoder=joint"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["dev"]["accuracy"] in (0.0, 0.5, 1.0)
    card = json.loads((out / "run_card.json").read_text("utf-8"))
    assert (card["sizes"], card["options"]["encoder"]) == ({"train": 4, "dev": 2, "test": 0}, "joint")
    assert open_recogniser(out).config.name == "run"
    assert main([*command, "--option", "encoder=bidirectional"]) == 2
    assert "encoder is joint there, not bidirectional" in capsys.readouterr().err


def test_an_unknown_system_is_refused_before_anything_is_read(
    listing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--system", "oracle", "--data", str(listing), "--out", str(tmp_path / "run")]) == 2
    assert "Known: emoasst, mer-clip" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_choices_are_json_or_text() -> None:
    found = read_choices(['order=["words","face"]', "stacked=true", "label_form=phrase", "rate=0.15"])
    assert found == {"order": ["words", "face"], "stacked": True, "label_form": "phrase", "rate": 0.15}
    with pytest.raises(ConfigError, match="NAME=VALUE"):
        read_choices(["stacked"])
