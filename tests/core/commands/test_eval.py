"""`emoasst eval` on what a training left behind; on clips of its own see tests/e2e."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from emoasst_core.cli import main
from tests.core.training.small_training import train_arguments, write_clips, write_towers


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    listing, towers = write_clips(folder / "clips"), write_towers(folder / "towers")
    assert main(train_arguments(listing, towers, folder / "run", "--num-epochs", "1")) == 0
    return folder


@pytest.fixture
def run_folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run: what a test adds to it, no other test sees."""
    return Path(shutil.copytree(trained / "run", tmp_path / "run"))


def figures_of(run_folder: Path, protocol: str, *more: str) -> dict:
    out = run_folder / f"{protocol}.json"
    assert main(["eval", "--run", str(run_folder), "--protocol", protocol, "--json", str(out), *more]) == 0
    return json.loads(out.read_text("utf-8"))


@pytest.mark.parametrize("protocol", ["probe", "zero-shot", "fused"])
def test_a_run_is_scored_on_dev_with_intervals_and_the_majority_row(run_folder, protocol):
    figures = figures_of(run_folder, protocol)
    assert (figures["protocol"], figures["split"], figures["n"]) == (protocol, "dev", 14)
    low, high = figures["intervals"]["macro_f1"]
    assert low <= figures["macro_f1"] <= high
    assert figures["majority"]["accuracy"] == pytest.approx(1 / 7)


def test_the_cache_takes_the_shots_and_the_modality_asked_for(run_folder):
    figures = figures_of(run_folder, "cache", "--modality", "voice", "--shots", "1,3", "--seeds", "2")
    assert set(figures["shots"]) == {"1", "3"}
    assert set(figures["chosen"]["alphas"]) == {"voice"}


def test_the_test_split_is_refused_the_second_time(run_folder, capsys):
    assert figures_of(run_folder, "zero-shot", "--split", "test")["split"] == "test"
    arguments = ["eval", "--run", str(run_folder), "--protocol", "zero-shot", "--split", "test"]
    assert main([*arguments, "--json", str(run_folder / "again.json")]) == 2
    assert "already scored" in capsys.readouterr().err
    assert not (run_folder / "again.json").exists()


def test_two_prediction_files_are_compared_row_by_row(run_folder, tmp_path, capsys):
    name = figures_of(run_folder, "probe", "--modality", "face")["predictions"]
    with (run_folder / name).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    was_right = sum(row["prediction"] == row["label"] for row in rows)
    right = tmp_path / "right.csv"
    with right.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(row | {"prediction": row["label"]} for row in rows)
    out = tmp_path / "pair.json"
    assert main(["eval", "--compare", str(run_folder / name), str(right), "--json", str(out)]) == 0
    pair = json.loads(out.read_text("utf-8"))
    assert (pair["only_first"], pair["only_second"]) == (0, 14 - was_right)
    assert f"only in the second: {14 - was_right}" in capsys.readouterr().out


def test_a_file_without_predictions_is_not_compared(trained, capsys):
    listing = str(trained / "clips" / "clips.csv")
    assert main(["eval", "--compare", listing, listing]) == 2
    assert "not a prediction file" in capsys.readouterr().err


def test_the_tables_of_the_paper_are_filled_in_by_one_command(trained, tmp_path, capsys):
    arguments = train_arguments(trained / "clips" / "clips.csv", (trained / "towers" / "vision", trained / "towers" / "audio"),
                                tmp_path, "--num-epochs", "1")  # fmt: skip
    arguments = ["--run" if word == "--out" else word for word in arguments[1:]]
    assert main(["eval", "--ablations", *arguments, "--json", str(tmp_path / "tables.json")]) == 0
    tables = json.loads((tmp_path / "tables.json").read_text("utf-8"))
    assert len(tables["tables"]) == 4 and tables["split"] == "dev"
    assert "## Table 3: cache, face" in capsys.readouterr().out


def test_a_folder_without_a_run_is_unusable_input(tmp_path, capsys):
    assert main(["eval", "--run", str(tmp_path), "--protocol", "probe", "--json", str(tmp_path / "out.json")]) == 2
    assert "no finished training run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "give --manifest with --modality"),
        (["--manifest", "clips.csv", "--run", "run"], "give --manifest with --modality"),
        (["--manifest", "clips.csv", "--json", "out.json"], "--manifest needs --modality"),
        (["--manifest", "clips.csv", "--modality", "face"], "--manifest needs --json"),
        (["--run", "run"], "--run needs --protocol and --json"),
        (["--ablations", "--run", "run"], "--ablations needs --data"),
        (["--ablations", "--data", "clips.csv"], "--ablations needs --run"),
        (["--run", "run", "--protocol", "probe", "--json", "out.json", "--shots", "0"], "shot counts must be 1 or more"),
        (["--run", "run", "--protocol", "probe", "--json", "out.json", "--shots", "few"], "invalid"),
    ],
)
def test_options_that_do_not_belong_together_are_a_usage_error(options, complaint, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["eval", *options])
    assert stopped.value.code == 2
    assert complaint in capsys.readouterr().err


def test_the_help_shows_every_way_of_use(capsys):
    with pytest.raises(SystemExit):
        main(["eval", "--help"])
    shown = capsys.readouterr().out
    assert all(f"emoasst eval {way}" in shown for way in ("--manifest", "--run", "--compare", "--ablations"))
