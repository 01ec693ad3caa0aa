"""One finished run for the tests of evaluation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emoasst_core import cli
from tests.core.training.small_training import train_arguments, write_clips, write_towers


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    listing, towers = write_clips(folder / "clips"), write_towers(folder / "towers")
    assert cli.main(train_arguments(listing, towers, folder / "run", "--store", str(folder / "store"))) == 0
    return folder / "run"


@pytest.fixture
def run_folder(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the run: what a test adds to it, no other test sees."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))
