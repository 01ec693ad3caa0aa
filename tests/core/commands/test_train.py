"""`emoasst train` before it trains: what is found out first, and said in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoasst_core.cli import main
from emoasst_core.commands import train

ROWS = [
    ["audio", "emotion", "split", "text", "end_s"],
    ["a.wav", "joy", "train", "So good, so good!", "1.5"],
    ["b.wav", "fear", "dev", "Go away!", ""],
    ["c.wav", "anger", "test", "Enough.", ""],
]


def write_listing(path: Path, delimiter: str = ",", end_s: str = "1.5") -> Path:
    lines = [delimiter.join(f'"{cell.replace("1.5", end_s)}"' for cell in row) for row in ROWS]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_findings_are_written_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    listing = write_listing(tmp_path / "list.csv")
    main(["train", "--data", str(listing), "--check", "--json", str(tmp_path / "new" / "found.json")])
    assert json.loads((tmp_path / "new" / "found.json").read_text("utf-8"))


def test_a_listing_with_semicolons_is_the_same_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for name, delimiter in (("a", ","), ("b", ";")):
        (tmp_path / name).mkdir()
        main(["train", "--data", str(write_listing(tmp_path / name / "list.csv", delimiter)), "--check"])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] and "train 1, dev 1, test 1" in said[0]


def test_a_time_that_is_no_number_names_its_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", str(write_listing(tmp_path / "list.csv", end_s="nan")), "--check"]) == 2
    assert "row 1: end_s must be a time in seconds" in capsys.readouterr().err


def test_a_run_folder_that_cannot_be_made_is_refused_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = write_listing(tmp_path / "list.csv")
    assert main(["train", "--data", str(listing), "--out", str(listing / "run")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(("is_profile", "said"), [(True, "Use it with --profile"), (False, "cannot be a --profile; measure it")])
def test_the_end_of_a_training_says_how_to_use_it(
    is_profile: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = {"run_id": "run-1", "rows": {"frames": {"train": 3}}, "dev": {}, "is_profile": is_profile}
    monkeypatch.setattr(train, "train_from_arguments", lambda _arguments, _console: card)
    assert main(["train", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr()
    assert said in printed.err and json.loads(printed.out)["rows"] == {"frames": {"train": 3}}
