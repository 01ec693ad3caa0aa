from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emoasst_core.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "family" / "emoasst.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with Database(path) as opened:
        yield opened
