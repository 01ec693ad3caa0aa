"""One set of clips and towers, and one finished run, for all tests of training and evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.training.small_training import write_clips, write_towers


@pytest.fixture(scope="session")
def towers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_towers(tmp_path_factory.mktemp("towers"))


@pytest.fixture(scope="session")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))
