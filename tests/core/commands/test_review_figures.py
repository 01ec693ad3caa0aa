"""Each target of `emoasst bench review` is judged by itself, and what an answer costs is measured for both memories."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoasst_core.commands.review_figures import LIMITS_MS, verdicts
from emoasst_core.datatypes import CueState, Modality, Timeline
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.evaluation.bench_answers import bench_answers
from emoasst_core.paths import assets_folder
from emoasst_core.store.sessions import SessionRecord, UtteranceRow
from emoasst_core.systems.opening import hash_of_profile


def figures(**changed: float) -> dict[str, Any]:
    times = {name: {"p95_ms": limit - 0.1} for name, limit in LIMITS_MS.items()}
    for mode in ("personal", "paper"):
        times[f"answer_{mode}"]["undo_change"] = 0.0
    for name, value in changed.items():
        place, _, what = name.partition("__")
        times[place][what or "p95_ms"] = value
    return times


def test_all_targets_are_met_only_where_each_is() -> None:
    assert all(verdicts(figures()).values()) and len(verdicts(figures())) == 7
    for name, limit in LIMITS_MS.items():
        met = verdicts(figures(**{name: limit + 0.1}))
        assert [target for target, is_met in met.items() if not is_met] == [name]
    met = verdicts(figures(answer_paper__undo_change=2e-6))
    assert [target for target, is_met in met.items() if not is_met] == ["undo_paper"]


@pytest.mark.parametrize("mode", ["personal", "paper"])
def test_an_answer_given_and_taken_back_leaves_the_reading_as_it_was(tmp_path: Path, mode: str) -> None:
    encoder_hash = hash_of_profile(assets_folder() / "models" / "starter")
    size = EmbeddingClassifier.open("starter").heads[Modality.FACE].text_weights.shape[1]
    keys = np.random.default_rng(3).normal(size=(4, size))
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    rows = tuple(
        UtteranceRow(n, n - 1.0, float(n), True, "", "", "joy", CueState.CLEAR, {"joy": 1.0}, {Modality.FACE: key})
        for n, key in enumerate(keys.astype(np.float32), 1)
    )
    record = SessionRecord("short", "", datetime.now(UTC), 4.0, "starter", encoder_hash, Timeline("", 4.0, ()), rows)
    found = bench_answers(record, tmp_path / "answers.sqlite", 20, 3, mode)
    assert (found["mode"], found["num_shots"]) == (mode, 23)
    assert found["undo_change"] <= 1e-6
