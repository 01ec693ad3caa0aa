from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from emoasst_core.errors import ConfigError, ManifestError
from emoasst_core.evaluation.metrics import summary
from emoasst_core.evaluation.suite import fit_temperature, probabilities, run_protocol


def test_the_test_split_is_scored_once_per_run_and_says_so(run_folder):
    first = run_protocol(run_folder, "zero-shot", split="test")
    with pytest.raises(ManifestError, match="already scored"):
        run_protocol(run_folder, "zero-shot", split="test")
    run_protocol(run_folder, "zero-shot", split="dev")
    run_protocol(run_folder, "zero-shot", split="dev")
    ledger = (run_folder / "test_ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(ledger) == 1 and json.loads(ledger[0])["run_id"] == first["run_id"]


def test_the_figures_are_those_of_the_written_predictions(run_folder):
    result = run_protocol(run_folder, "cache", ["face"], "dev", shot_counts=(1, 2), num_seeds=2)
    with (run_folder / result["predictions"]).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == result["n"] == 14
    assert result["accuracy"] == pytest.approx(sum(row["label"] == row["prediction"] for row in rows) / len(rows))
    assert result["majority"]["accuracy"] == pytest.approx(1 / 7)
    assert set(result["shots"]) == {"1", "2"} and result["chosen_on"] == "dev"
    low, high = result["intervals"]["accuracy"]
    assert low <= result["accuracy"] <= high and "too few" in result["intervals_over"]
    grid = json.loads((run_folder / "grid_dev_cache_face.json").read_text(encoding="utf-8"))
    assert len(grid) == result["num_settings_tried"] == 42


def test_every_protocol_lands_in_the_run_card_with_a_picture(run_folder):
    for protocol in ("zero-shot", "probe", "fused"):
        run_protocol(run_folder, protocol)
    page = (run_folder / "run_card.md").read_text(encoding="utf-8")
    assert all(f"dev: {protocol}/face+voice" in page for protocol in ("zero-shot", "probe", "fused"))
    assert (run_folder / "confusion_dev_probe_face_voice.png").read_bytes().startswith(b"\x89PNG")


def test_a_modality_the_run_lacks_is_named(run_folder):
    with pytest.raises(ConfigError, match="no smell"):
        run_protocol(run_folder, "probe", ["smell"])


def test_a_fitted_temperature_repairs_overconfidence():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 7, 3000)
    honest = np.log(np.full((3000, 7), 0.4 / 6))
    stated = generator.permutation(labels[:1800]), labels[1800:]
    honest[np.arange(3000), np.concatenate([labels[:1800], (stated[1] + 1) % 7])] = np.log(0.6)
    assert fit_temperature(5 * honest, labels) == pytest.approx(5.0, rel=0.1)
    assert summary(labels, probabilities(5 * honest, fit_temperature(5 * honest, labels)))["ece"] < 0.02
