"""Recordings in the archive of all data: byte for byte, opened by the phrase alone, on a computer with another key."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from emoasst_core.commands import export
from emoasst_core.errors import EmoAsstError, StoreError
from emoasst_core.review.archive import MANIFEST, holds_recordings, read_archive, write_archive
from emoasst_core.store.archive_rows import is_empty
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from tests.core.commands.family import emoasst
from tests.core.review.test_archive import rewritten, rows_of
from tests.core.review.test_reembed import record_session

PHRASE = "seven quiet green lamps"


@pytest.fixture
def family(database: Database) -> Database:
    record_session(database, "evening")
    MediaVault(database).add_gap("evening", 1.0, 2.0, "camera lost")
    return database


OtherComputer = Callable[[], Database]


@pytest.fixture
def other_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OtherComputer:
    """Opens a database with a key of its own."""

    def open_there() -> Database:
        monkeypatch.setenv("EMOASST_HOME", str(tmp_path / "other"))
        return Database(tmp_path / "other" / "emoasst.sqlite")

    return open_there


def files(database: Database) -> dict[str, bytes]:
    folder = MediaVault(database).folder
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.emav"))}


def pictures(database: Database, session_id: str = "evening") -> int:
    with MediaVault(database).open(session_id, 1) as reader, av.open(reader) as container:
        return sum(1 for _ in container.decode(video=0))


def media_rows(database: Database) -> list[object]:
    return [
        database.rows("SELECT session_id, started_at, is_clips FROM recordings"),
        database.rows("SELECT * FROM segments"),
        database.rows("SELECT * FROM gaps"),
    ]


def test_recordings_come_back_byte_for_byte_under_the_other_computers_key(
    family: Database, tmp_path: Path, other_computer: OtherComputer
) -> None:
    written = write_archive(family, tmp_path / "all.zip", phrase=PHRASE)
    assert (written.num_recorded, holds_recordings(tmp_path / "all.zip")) == (1, True)
    here = family.keys.master()
    with other_computer() as new:
        assert new.keys.master() != here
        read = read_archive(tmp_path / "all.zip", new, tmp_path / "sessions", f"  {PHRASE}\n")
        assert read == written
        assert files(new) == files(family)
        assert media_rows(new) == media_rows(family)
        assert rows_of(new) == rows_of(family)
        assert pictures(new) == pictures(family) > 40
        assert new.faults() == []


def test_nothing_in_the_archive_opens_a_recording_without_the_phrase(family: Database, tmp_path: Path) -> None:
    write_archive(family, tmp_path / "all.zip", phrase=PHRASE)
    content = (tmp_path / "all.zip").read_bytes()
    vault = MediaVault(family)
    for key in (vault.recording_key("evening"), vault.segment_key("evening", 1), family.keys.master()):
        assert key not in content and key.hex().encode() not in content
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert not any(b"matroska" in archive.read(name) for name in archive.namelist())


def test_without_a_phrase_recordings_stay_here(family: Database, tmp_path: Path) -> None:
    assert write_archive(family, tmp_path / "all.zip").num_recorded == 0
    assert not holds_recordings(tmp_path / "all.zip")
    with Database(tmp_path / "other" / "emoasst.sqlite") as new:
        read_archive(tmp_path / "all.zip", new, tmp_path / "sessions")
        assert MediaVault(new).recorded_sessions() == []


@pytest.mark.parametrize(("phrase", "message"), [("nine quiet green lamps", "not the phrase"), (None, "under a phrase")])
def test_another_phrase_or_none_imports_nothing(family: Database, tmp_path: Path, phrase: str | None, message: str) -> None:
    write_archive(family, tmp_path / "all.zip", phrase=PHRASE)
    with Database(tmp_path / "other" / "emoasst.sqlite") as new:
        with pytest.raises(StoreError, match=message):
            read_archive(tmp_path / "all.zip", new, tmp_path / "sessions", phrase)
        assert is_empty(new) and files(new) == {}
        assert read_archive(tmp_path / "all.zip", new, tmp_path / "sessions", "").num_recorded == 0  # left out on purpose
        assert not is_empty(new)


def test_a_short_phrase_is_refused_before_anything_is_written(family: Database, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="too short"):
        write_archive(family, tmp_path / "all.zip", phrase="lamp")
    assert not (tmp_path / "all.zip").exists()


def forged(change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        def edit(parts: dict[str, bytes]) -> None:
            manifest = json.loads(parts[MANIFEST])
            change(manifest["recordings"])
            parts[MANIFEST] = json.dumps(manifest).encode()

        rewritten(path, edit)

    return harm


def entry(recordings: dict[str, object]) -> dict[str, object]:
    return recordings["sessions"][0]  # type: ignore[index, no-any-return]


@pytest.mark.parametrize(
    "harm",
    [
        forged(lambda recordings: entry(recordings).update(session="../../outside")),
        forged(lambda recordings: entry(recordings).update(session="another")),
        forged(lambda recordings: entry(recordings).update(segments=[[2, 0.0, 3.0]])),
        forged(lambda recordings: entry(recordings).update(segments=[[1, 0.0, "x"]])),
        forged(lambda recordings: entry(recordings).update(key="00")),
        forged(lambda recordings: entry(recordings).pop("gaps")),
        forged(lambda recordings: recordings.update(salt="zz")),
        forged(lambda recordings: recordings.update(sessions=[entry(recordings), entry(recordings)])),
    ],
)
def test_a_forged_list_of_recordings_is_refused_and_leaves_nothing(
    family: Database, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    write_archive(family, tmp_path / "all.zip", phrase=PHRASE)
    harm(tmp_path / "all.zip")
    with Database(tmp_path / "other" / "emoasst.sqlite") as new:
        with pytest.raises(EmoAsstError):
            read_archive(tmp_path / "all.zip", new, tmp_path / "sessions", PHRASE)
        assert is_empty(new) and files(new) == {}
        assert MediaVault(new).recorded_sessions() == []


def test_the_command_asks_for_the_phrase_twice_and_the_import_once(
    family: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter([PHRASE, PHRASE, PHRASE])
    monkeypatch.setattr(export.getpass, "getpass", lambda _prompt: next(typed))
    emoasst("export", "--all", "--with-recordings", "--out", tmp_path / "all.zip", "--database", family.path)
    emoasst("import", tmp_path / "all.zip", "--database", tmp_path / "other" / "emoasst.sqlite")
    assert "1 files of recordings" in capsys.readouterr().out
    with Database(tmp_path / "other" / "emoasst.sqlite") as new:
        assert files(new) == files(family)
