from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from family import emoasst, make_database

from emoasst_core.errors import StoreError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path))
    make_database(tmp_path / "emoasst.sqlite", {"evening": "0" * 64})
    return tmp_path


def test_a_session_is_written_in_each_format(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("csv", "json", "webvtt"):
        assert emoasst("export", "--session", "evening", "--format", name, "--out", home / "out" / name) == 0
        assert capsys.readouterr().out == f"Wrote {home / 'out' / name}.\n"
    with (home / "out" / "csv").open(newline="") as handle:
        assert [row["label"] for row in csv.DictReader(handle)] == ["joy"]
    assert json.loads((home / "out" / "json").read_text())["recording"] == "clip.mp4"
    assert (home / "out" / "webvtt").read_text().startswith("WEBVTT\n\n")


def test_an_unknown_session_is_refused_and_nothing_written(home: Path) -> None:
    with pytest.raises(StoreError, match="Newest sessions: evening"):
        emoasst("export", "--session", "nothing", "--format", "csv", "--out", home / "out.csv")
    assert not (home / "out.csv").exists()


def test_a_missing_database_is_refused_and_not_made(home: Path) -> None:
    database = home / "missing.sqlite"
    with pytest.raises(StoreError, match=r"There is no database at .*Analyse a recording first"):
        emoasst("export", "--session", "evening", "--format", "csv", "--out", home / "out.csv", "--database", database)
    assert not database.exists()


@pytest.mark.parametrize("arguments", [(), ("--session", "evening", "--format", "xlsx", "--out", "x")])
def test_a_wrong_command_line_ends_with_code_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        emoasst("export", *arguments)
    assert caught.value.code == 2


def test_the_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        emoasst("export", "--help")
    assert caught.value.code == 0
    assert "example: emoasst export --session" in capsys.readouterr().out
