"""How long the models of a profile take."""

from __future__ import annotations

from emoasst_core.evaluation.bench_models import bench_models


def test_every_model_of_the_starter_is_timed_on_one_core():
    figures = bench_models("starter", repeat=2)
    assert {"face", "voice", "words", "window of faces"} <= set(figures["steps"])
    assert all(0 < step["median_ms"] <= step["p95_ms"] for step in figures["steps"].values())
    assert figures["threads"] == 1
    assert figures["open_s"] > 0
