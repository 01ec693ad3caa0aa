"""The comparison: every system on the same rows, test scored once, figures that a hand can check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoasst_core.errors import ManifestError
from emoasst_core.evaluation import compare_systems
from emoasst_core.evaluation.compare_systems import as_markdown, merge, score_system
from emoasst_core.evaluation.run_card import CARD_JSON
from emoasst_core.evaluation.system_scores import Answers, score_answers
from emoasst_core.training.systems.examples import Example, ExampleSet
from emoasst_core.training.systems.finishing import Training
from emoasst_core.training.trainer import EpochReport
from tests.core.systems.random_profiles import write_random_profile


def examples_of(num_rows: int) -> ExampleSet:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(num_rows):
        split = ("train", "dev", "test")[number % 3]
        frames = rng.integers(0, 255, (3, 24, 24, 3)).astype(np.uint8)
        sound = rng.normal(0, 0.1, 16_000).astype(np.float32)
        label = int(rng.integers(0, 7))
        speaker = f"{split} {number % 4}"
        rows.append(
            Example(
                str(number),
                split,
                label,
                np.eye(7, dtype=np.float32)[label],
                1.0,
                speaker,
                str(number),
                frames,
                sound,
                "so be it",
            )
        )
    return ExampleSet("noise", tuple(rows), "nothing to learn")


def test_systems_are_scored_on_the_same_rows_and_the_table_says_on_which(tmp_path: Path) -> None:
    examples = examples_of(30)
    rows = {}
    for system in ("mer-clip", "sem-mbt"):
        write_random_profile(system, tmp_path / system)
        rows[system] = score_system(system, tmp_path / system, examples, "test")
        assert rows[system]["n"] == 10
        low, high = rows[system]["intervals"]["accuracy"]
        assert low <= rows[system]["accuracy"] <= high
        assert rows[system]["ms_per_utterance"]["median"] > 0
        assert set(rows[system]["multilabel"]) == {"threshold", "accuracy", "precision", "recall", "micro_f1"}
    page = as_markdown(
        {"n": 10, "data": "noise", "split": "test", "majority_accuracy": 0.3, "seeds": [0], "rows": rows, "note": "so"}
    )
    assert page.count("\n| mer-clip |") == page.count("\n| sem-mbt |") == 1
    assert "always the commonest: 30.0 %" in page


def test_the_test_split_is_scored_once_and_its_figures_are_kept(tmp_path: Path) -> None:
    examples, folder = examples_of(30), write_random_profile("emovclip", tmp_path / "mine")
    first = score_system("emovclip", folder, examples, "test")
    again = score_system("emovclip", folder, examples, "test")
    assert again["accuracy"] == first["accuracy"] and again["confusion"] == first["confusion"]
    (folder / CARD_JSON).unlink()  # the figures are gone, the ledger is not
    with pytest.raises(ManifestError, match="already scored"):
        score_system("emovclip", folder, examples, "test")


def test_every_epoch_of_a_missing_training_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(_system: str, _examples: ExampleSet, training: Training, _data: Path | None) -> None:
        training.tell("towers")(EpochReport(0, 3, 0.5, {"macro_f1": 0.25}, 0.25, 30.0, 61.0))
        write_random_profile("mer-clip", training.out)
        (training.out / CARD_JSON).write_text("{}")

    monkeypatch.setattr(compare_systems, "open_examples", lambda *_arguments: (examples_of(30), False))
    monkeypatch.setattr(compare_systems, "train_system", train)
    told: list[str] = []
    compare_systems.compare_systems(tmp_path, tmp_path / "runs", "dev", (0,), ("mer-clip",), told.append)
    assert told[1] == "towers: epoch 1 of 3, loss 0.500, macro_f1 0.250; 61 s to go"


def test_several_seeds_give_mean_and_spread() -> None:
    runs = [dict.fromkeys(("accuracy", "weighted_f1", "macro_f1", "uar"), value) for value in (0.4, 0.6)]
    merged = merge(runs)
    assert merged["accuracy"] == pytest.approx(0.5)
    assert merged["sd"]["uar"] == pytest.approx(np.std([0.4, 0.6], ddof=1))


def test_rows_without_an_answer_count_as_wrong() -> None:
    examples = examples_of(9)
    probs = np.eye(7, dtype=np.float32)[examples.labels]
    probs[0] = np.nan
    figures = score_answers(examples, Answers(probs, np.ones(9)), (examples, Answers(probs, np.ones(9))))
    assert figures["accuracy"] == pytest.approx(8 / 9)
    assert figures["multilabel"]["recall"] == pytest.approx(8 / 9)
