from __future__ import annotations

import io
from pathlib import Path

import pytest
from family import make_database, make_profile

from emoasst_core.cli import main
from emoasst_core.store import keys
from emoasst_core.store.keys import Keys


def emoasst(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path))
    monkeypatch.setattr(keys, "_opened", {})
    make_database(tmp_path / "emoasst.sqlite", {"evening": make_profile(tmp_path)})
    return tmp_path


def test_sessions_are_listed_backed_up_deleted_and_brought_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert emoasst("data", "backup", "--out", home / "copy.sqlite") == 0
    assert emoasst("data", "delete", "--session", "evening", "--yes") == 0
    assert "Deleted evening." in capsys.readouterr().out
    emoasst("data", "list")
    assert "evening" not in capsys.readouterr().out
    assert emoasst("data", "restore", home / "copy.sqlite") == 0
    emoasst("data", "list")
    assert "evening" in capsys.readouterr().out
    assert emoasst("data", "check") == 0
    assert "Whole." in capsys.readouterr().out


def test_a_phrase_is_shown_once_typed_back_and_brings_the_key_back(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def type_back(_question: str) -> str:
        shown.extend(line.split()[1] for line in capsys.readouterr().out.splitlines() if line[:5].strip().rstrip(".").isdigit())
        return " ".join(shown)

    monkeypatch.setattr("builtins.input", type_back)
    assert emoasst("keys", "phrase") == 0
    assert len(shown) == 16
    (home / "master.key").unlink()
    monkeypatch.setattr(keys, "_opened", {})
    assert emoasst("data", "list") == 1
    monkeypatch.setattr("builtins.input", lambda _question: " ".join(shown))
    assert emoasst("keys", "recover") == 0
    assert emoasst("data", "list") == 0
    assert Keys().check_phrase(shown)


def test_everything_goes_after_a_yes_and_not_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    assert emoasst("data", "delete", "--everything") == 1
    assert (home / "emoasst.sqlite").exists()
    assert emoasst("data", "delete", "--everything", "--yes") == 0
    assert not (home / "emoasst.sqlite").exists()
    assert not (home / "master.key").exists()


def test_nobody_is_asked_about_what_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail(question))
    assert emoasst("data", "delete", "--session", "noon") == 1
    assert "There is no session noon. `emoasst data list`" in capsys.readouterr().err
    assert emoasst("data", "delete", "--person", "p-nobody") == 1
    assert "There is no person p-nobody." in capsys.readouterr().err


def test_where_nobody_can_type_nothing_is_deleted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert emoasst("data", "delete", "--session", "evening") == 1
    assert "Nothing was deleted. Type yes, or give --yes." in capsys.readouterr().err
    emoasst("data", "list")
    assert "evening" in capsys.readouterr().out
