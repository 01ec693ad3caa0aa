"""The table of faults with few tries of each row; `make faults` runs the full numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoasst_core.store import keys
from tests.faults.__main__ import ROWS
from tests.faults.row import Row, is_busy


@pytest.mark.parametrize("row", [row for row in ROWS if row.quick], ids=lambda row: row.name)
def test_each_fault_is_survived(row: Row, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if row.is_timed and is_busy():
        pytest.skip("this machine is too busy for figures of time")
    monkeypatch.setattr(keys, "_opened", {})
    home.mkdir(exist_ok=True)
    outcome = row.run(home, row.quick)
    if outcome.passed is None:
        pytest.skip(outcome.figure)
    assert outcome.passed, f"{outcome.figure}; pass: {outcome.mark}"
