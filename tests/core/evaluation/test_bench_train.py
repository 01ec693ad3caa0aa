from __future__ import annotations

from emoasst_core.evaluation.bench_train import bench_train


def test_an_epoch_of_both_heads_is_timed_beside_its_baseline(tmp_path):
    result = bench_train(num_rows=24, threads=1, baseline_batches=1, folder=tmp_path)
    assert result["epoch_s"] > 0 and result["baseline_epoch_s"] > 0
    assert set(result["detail"]["heads"]) == {"frames", "audio"}
    assert result["passed"] == (result["epoch_s"] <= 60)
