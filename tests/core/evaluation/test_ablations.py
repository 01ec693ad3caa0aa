from __future__ import annotations

import json

from emoasst_core import cli
from tests.core.training.small_training import train_arguments, write_clips, write_towers


def test_the_four_tables_are_filled_with_intervals_majority_rows_and_paired_tests(tmp_path):
    listing, towers = write_clips(tmp_path / "clips", takes=1), write_towers(tmp_path / "towers")
    arguments = train_arguments(listing, towers, tmp_path / "out", "--num-epochs", "1", "--ablations", "--split", "test")
    assert cli.main(arguments) == 0
    result = json.loads((tmp_path / "out" / "ablations.json").read_text(encoding="utf-8"))
    assert [title.split(":")[0] for title in result["tables"]] == ["Table 2", "Table 3", "Table 4", "Table 5"]
    for table in result["tables"].values():
        assert {"utterance only", "with emotion prompts", "majority"} <= set(table["rows"])
        assert 0 < table["mcnemar"]["p"] <= 1
        row = table["rows"]["with emotion prompts"]
        low, high = row["intervals"]["weighted_f1"]
        assert low <= row["weighted_f1"] <= high and row["n"] == 7
    assert "## Table 5" in (tmp_path / "out" / "ablations.md").read_text(encoding="utf-8")
    assert len(list((tmp_path / "out" / "features").iterdir())) == 1, "both runs must share the features"
    assert cli.main(arguments) == 2, "the test split was scored"


def test_a_table_whose_modality_is_missing_says_so(tmp_path):
    listing, towers = write_clips(tmp_path / "clips", takes=1), write_towers(tmp_path / "towers")
    text = listing.read_text(encoding="utf-8").splitlines()
    listing.write_text("\n".join([text[0].replace("video", "audio"), *text[1:]]) + "\n", encoding="utf-8")
    assert cli.main(train_arguments(listing, towers, tmp_path / "out", "--num-epochs", "1", "--ablations")) == 0
    tables = json.loads((tmp_path / "out" / "ablations.json").read_text(encoding="utf-8"))["tables"]
    assert [("missing" in table) for table in tables.values()] == [True, True, False, True]
