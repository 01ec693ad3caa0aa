from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from family import emoasst, make_database

from emoasst_core.errors import ConfigError, StoreError


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
    assert json.loads((home / "out" / "json").read_text())["recording"] == "recording"  # what a file is called tells who is in it
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


def test_everything_leaves_and_comes_back_by_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert emoasst("export", "--all", "--out", home / "all.zip", "--database", home / "emoasst.sqlite") == 0
    assert "keep it where only the family can reach it" in capsys.readouterr().out
    assert emoasst("import", home / "all.zip", "--database", home / "new.sqlite") == 0
    assert "Imported" in capsys.readouterr().out
    with pytest.raises(StoreError, match="already holds"):
        emoasst("import", home / "all.zip", "--database", home / "new.sqlite")


def test_the_parents_tier_comes_back_by_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = ("--database", home / "emoasst.sqlite")
    emoasst("export", "--session", "evening", "--format", "eaf", "--out", home / "a.eaf", *database)
    text = (home / "a.eaf").read_text().replace(
        '<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="parent_label" />',
        '<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="parent_label"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="b1" '
        'TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>sad</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>'
        "</ANNOTATION></TIER>",
    )  # fmt: skip
    (home / "a.eaf").write_text(text)
    capsys.readouterr()
    assert emoasst("import", home / "a.eaf", "--session", "evening", *database) == 0
    assert capsys.readouterr().out.startswith("1 answers are new, 0 were known, 0 could not be used.")


def test_formats_and_all_do_not_go_together(home: Path) -> None:
    with pytest.raises(ConfigError, match="--format with --session"):
        emoasst("export", "--all", "--format", "csv", "--out", home / "x")
    with pytest.raises(ConfigError, match="needs the session"):
        emoasst("import", home / "a.eaf")
