"""What the one door says when the machine refuses."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from emoasst_core.cli import main
from emoasst_core.commands import cache


def test_what_the_machine_refuses_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill(_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(Path("run") / "model.bin"))

    monkeypatch.setattr(cache, "run", fill)
    assert main(["cache", "list"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("emoasst: The computer refused: No space left on device (") and len(said.splitlines()) == 1
