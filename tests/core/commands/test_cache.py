from __future__ import annotations

import json
from pathlib import Path

import pytest
from family import emoasst, make_database, make_profile

from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import CacheError, ConfigError, StoreError
from emoasst_core.paths import database_path
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_utterance
from emoasst_core.store.shots import hold_back, list_shots


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A family of its own, with the session "evening" of the installed model and "older" of another one."""
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path))
    make_database(tmp_path / "emoasst.sqlite", {"older": "0" * 64, "evening": make_profile(tmp_path)})
    return tmp_path


def add(session: str = "evening", utterance: object = 1, emotion: str = "surprise", *more: object) -> int:
    return emoasst("cache", "add", "--session", session, "--utterance", utterance, "--emotion", emotion, *more)


def shots() -> list[tuple[int, str]]:
    with Database(database_path(), create=False) as database:
        return [(record.shot.shot_id, EMOTIONS[int(record.shot.label.argmax())]) for record in list_shots(database)]


def test_add_puts_a_shot_in_the_cache_and_a_label_beside_the_guess(capsys: pytest.CaptureFixture[str]) -> None:
    assert add() == 0
    assert shots() == [(1, "surprise")]
    assert capsys.readouterr().out.startswith("Shot 1: surprise for utterance 1 of evening (face).\n")
    with Database(database_path()) as database:
        utterance = get_utterance(database, "evening", 1)
    assert (utterance.emotion, utterance.label) == ("joy", "surprise")


def test_list_shows_each_shot_and_how_many_changes_can_be_undone(capsys: pytest.CaptureFixture[str]) -> None:
    add()
    capsys.readouterr()
    assert emoasst("cache", "list") == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("shot 1: surprise; person 1; utterance 1 of evening; face; ")
    assert last == "1 shots; last change: surprise for utterance 1 of evening; changes that can be undone: 1."


def test_remove_takes_the_shot_back(capsys: pytest.CaptureFixture[str]) -> None:
    add()
    assert emoasst("cache", "remove", "--shot", 1) == 0
    assert shots() == []
    assert "Removed: shot 1: surprise" in capsys.readouterr().out
    with pytest.raises(CacheError, match="There is no shot 1"):
        emoasst("cache", "remove", "--shot", 1)


def test_rollback_undoes_the_last_change(capsys: pytest.CaptureFixture[str]) -> None:
    add()
    add(emotion="fear")
    assert shots() == [(2, "fear")]
    assert emoasst("cache", "rollback") == 0
    assert shots() == [(1, "surprise")]
    assert "Undone: fear for utterance 1 of evening. The cache has 1 shots." in capsys.readouterr().out


def test_export_writes_the_shots_as_json(home: Path) -> None:
    add()
    assert emoasst("cache", "export", "--out", home / "out" / "shots.json") == 0
    exported = json.loads((home / "out" / "shots.json").read_text())
    assert [(shot["session"], shot["utterance"]) for shot in exported["shots"]] == [("evening", 1)]


def test_another_database_can_be_named(home: Path) -> None:
    make_database(home / "other.sqlite", {"morning": make_profile(home)})
    assert add("morning", 1, "joy", "--database", home / "other.sqlite") == 0
    assert shots() == []
    with pytest.raises(StoreError, match="There is no database at"):
        emoasst("cache", "list", "--database", home / "missing.sqlite")
    assert not (home / "missing.sqlite").exists()


def test_an_unknown_session_is_refused_with_the_newest_named() -> None:
    with pytest.raises(StoreError, match=r"There is no session nothing\. Newest sessions: evening, older\."):
        add("nothing")


def test_an_unknown_utterance_is_refused_with_the_range_named() -> None:
    with pytest.raises(StoreError, match=r"Session evening has no utterance 9\. It has 1 to 2\."):
        add("evening", 9)


def test_an_utterance_of_which_nothing_was_read_is_refused() -> None:
    with pytest.raises(CacheError, match="Nothing was seen, heard or read in utterance 2"):
        add("evening", 2)


def test_a_session_made_with_another_model_is_refused(home: Path) -> None:
    with pytest.raises(CacheError, match=r"Session older was made with another model .*Analyse the recording again"):
        add("older")
    make_profile(home, weights=b"retrained")
    with pytest.raises(CacheError, match="Session evening was made with another model"):
        add("evening")
    assert shots() == []


def test_a_profile_that_is_not_installed_is_refused() -> None:
    with pytest.raises(ConfigError, match="There is no model profile called 'huge'"):
        add("evening", 1, "joy", "--profile", "huge")


def test_an_unknown_emotion_is_a_usage_error_that_names_the_seven(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        add("evening", 1, "meh")
    assert caught.value.code == 2
    assert f"known: {', '.join(EMOTIONS)}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [(), ("nothing",), ("add",), ("add", "--session", "s", "--utterance", "one", "--emotion", "joy"), ("remove",), ("export",)],
)
def test_a_wrong_command_line_ends_with_code_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        emoasst("cache", *arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("action", ["add", "list", "remove", "rollback", "export", "use", "reembed"])
def test_the_help_of_every_action_has_an_example(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        emoasst("cache", action, "--help")
    assert caught.value.code == 0
    assert f"example: emoasst cache {action}" in " ".join(capsys.readouterr().out.split())


def test_list_shows_whose_clip_it_is_and_who_answered_what(capsys: pytest.CaptureFixture[str]) -> None:
    add("evening", 1, "joy", "--by", "mother")
    add("evening", 1, "surprise", "--by", "father", "--unsure", "--told-by", "voice")
    capsys.readouterr()
    emoasst("cache", "list")
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("shot 2: joy 50%, surprise 50%; person 1; utterance 1 of evening; face; ")
    assert line.endswith("; answered by father: surprise, mother: joy; not sure; told by voice")


def test_the_same_correction_again_uses_up_no_undo(capsys: pytest.CaptureFixture[str]) -> None:
    add()
    add()
    assert "That very answer was there already" in capsys.readouterr().out
    emoasst("cache", "list")
    assert "changes that can be undone: 1." in capsys.readouterr().out


def test_cant_tell_is_kept_beside_the_guess_and_leaves_the_cache(capsys: pytest.CaptureFixture[str]) -> None:
    add()
    assert add("evening", 1, "cant-tell") == 0
    assert shots() == []
    assert "the cache learns nothing from it" in capsys.readouterr().out
    with Database(database_path()) as database:
        assert get_utterance(database, "evening", 1).label == "cant_tell"


def test_a_shot_held_back_can_be_used_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    add()
    with pytest.raises(CacheError, match="Shot 1 is not held back"):
        emoasst("cache", "use", "--shot", 1)
    with Database(database_path()) as database:
        hold_back(database, [1])
    emoasst("cache", "list")
    assert "1 shots (1 held back)" in capsys.readouterr().out
    assert emoasst("cache", "use", "--shot", 1) == 0
    with Database(database_path()) as database:
        assert not list_shots(database)[0].is_held
