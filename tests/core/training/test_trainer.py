from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from emoasst_core.errors import ConfigError
from emoasst_core.training.trainer import EpochReport, Trainer, TrainerOptions
from tests.core.training import ramp_training, warm_processes
from tests.core.training.ramp_training import NUM_BATCHES, OPTIONS, batches, loss, network, score

NEVER = -1


def train_in_a_process(checkpoint: Path, kill_at_batch: int) -> warm_processes.Ended:
    return warm_processes.run(checkpoint.with_suffix(".txt"), ramp_training.main, checkpoint, kill_at_batch)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    result = train_in_a_process(tmp_path_factory.mktemp("undisturbed") / "run.pt", NEVER)
    assert result.returncode == 0, result.output
    return json.loads(result.output)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a signal of POSIX systems")
@pytest.mark.parametrize("kill_at_batch", [2, 3 * NUM_BATCHES, 4 * NUM_BATCHES + 3])
def test_a_run_killed_at_any_moment_goes_on_to_the_same_losses_and_weights(
    tmp_path: Path, undisturbed: dict[str, Any], kill_at_batch: int
) -> None:
    checkpoint = tmp_path / "run.pt"
    killed = train_in_a_process(checkpoint, kill_at_batch)
    assert killed.returncode == -signal.SIGKILL

    resumed = json.loads(train_in_a_process(checkpoint, NEVER).output)

    assert resumed["epochs"] == list(range(kill_at_batch // NUM_BATCHES, OPTIONS.num_epochs))
    assert resumed["losses"] == undisturbed["losses"]
    assert resumed["weights"] == undisturbed["weights"]


def test_training_learns() -> None:
    trainer = Trainer(network(), replace(OPTIONS, num_epochs=25))
    before = score(trainer.module.eval())["score"]

    losses = trainer.fit(batches, loss, score)

    assert losses[-1] < losses[0] / 2
    assert score(trainer.module)["score"] > before


def test_a_finished_run_started_again_does_nothing_more(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.pt"
    losses = Trainer(network(), OPTIONS, checkpoint).fit(batches, loss, score)
    written = checkpoint.read_bytes()

    reports: list[EpochReport] = []
    again = Trainer(network(), OPTIONS, checkpoint).fit(batches, loss, score, reports.append)

    assert (again, reports) == (losses, [])
    assert checkpoint.read_bytes() == written


def test_the_best_weights_are_left_in_the_module_not_the_last() -> None:
    scores = iter([0.1, 0.9, 0.2])
    seen: list[Tensor] = []

    def evaluate(module: nn.Module) -> dict[str, float]:
        seen.append(next(module.parameters()).detach().clone())
        return {"score": next(scores)}

    trainer = Trainer(network(), TrainerOptions(num_epochs=3))
    trainer.fit(batches, loss, evaluate)

    torch.testing.assert_close(next(trainer.module.parameters()).detach(), seen[1], rtol=0, atol=0)
    assert not trainer.module.training


def test_training_stops_early_when_the_dev_score_no_longer_rises() -> None:
    scores = iter([0.5, 0.6, 0.6, 0.55, 0.9, 0.9])
    trainer = Trainer(network(), TrainerOptions(num_epochs=6, patience=2))

    losses = trainer.fit(batches, loss, lambda _module: {"score": next(scores)})

    assert len(losses) == 4
    assert trainer.progress.best_score == 0.6


def test_a_checkpoint_that_could_not_be_written_leaves_the_old_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tmp_path / "run.pt"
    trainer = Trainer(network(), OPTIONS, checkpoint)
    trainer.save()
    before = checkpoint.read_bytes()

    def half_written(_state: object, path: Path) -> None:
        path.write_bytes(before[: len(before) // 2])
        raise OSError("the disk is full")

    monkeypatch.setattr(torch, "save", half_written)
    with pytest.raises(OSError, match="full"):
        trainer.save()

    assert checkpoint.read_bytes() == before
    assert Trainer(network(), OPTIONS, checkpoint).resume()


def test_frozen_parameters_stay_as_they_are() -> None:
    module = network()
    frozen = next(module.parameters())
    frozen.requires_grad_(False)
    before = frozen.detach().clone()

    Trainer(module, replace(OPTIONS, ema_decay=0.0)).fit(batches, loss, score)

    torch.testing.assert_close(frozen.detach(), before, rtol=0, atol=0)


def test_batches_without_a_length_are_counted_first() -> None:
    def drawn(epoch: int, generator: torch.Generator) -> Iterator[Tensor]:
        yield from batches(epoch, generator)

    assert Trainer(network(), OPTIONS).fit(drawn, loss, score) == Trainer(network(), OPTIONS).fit(batches, loss, score)


def test_an_empty_training_side_is_said_plainly() -> None:
    with pytest.raises(ConfigError, match="nothing to train on"):
        Trainer(network(), OPTIONS).fit(lambda _epoch, _generator: [], loss, score)


def test_a_report_is_given_after_every_epoch() -> None:
    reports: list[EpochReport] = []
    Trainer(network(), OPTIONS).fit(batches, loss, score, reports.append)

    assert [report.epoch for report in reports] == list(range(OPTIONS.num_epochs))
    assert reports[-1].remaining_s == 0
    assert [report.best_score for report in reports] == sorted(report.best_score for report in reports)


@pytest.mark.parametrize("wrong", [{"num_epochs": 0}, {"num_epochs": 1, "ema_decay": 1.0}, {"num_epochs": 1, "ema_decay": -0.1}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=list(wrong)[-1]):
        TrainerOptions(**wrong)
