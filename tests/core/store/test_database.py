from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from decrypted import bytes_within
from processes import kill, other_process, wait_for
from session_records import assert_same_session, random_session, saved_file

from emoasst_core.errors import StoreError
from emoasst_core.store import schema
from emoasst_core.store.database import Database
from emoasst_core.store.driver import connect
from emoasst_core.store.keys import Keys
from emoasst_core.store.sessions import delete_session, get_session, list_sessions, save_session


def plain_file(path: Path, *statements: str) -> bytes:
    """A SQLite file made without us; returns its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path.read_bytes()


def test_a_new_file_carries_our_id_the_version_and_durable_settings(database: Database) -> None:
    settings = {
        name: next(iter(database.rows(f"PRAGMA {name}")[0].values()))
        for name in ("application_id", "user_version", "journal_mode", "synchronous", "foreign_keys", "secure_delete")
    }
    assert settings == {
        "application_id": schema.APPLICATION_ID,
        "user_version": len(schema.MIGRATIONS),
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_every_table_is_strict(database: Database) -> None:
    tables = [row for row in database.rows("PRAGMA table_list") if row["schema"] == "main" and "sqlite_" not in row["name"]]
    assert len(tables) >= 10
    assert [row["name"] for row in tables if not row["strict"]] == []


def test_a_new_file_is_readable_by_its_owner_only(database: Database) -> None:
    assert database.path.stat().st_mode & 0o077 == 0


def test_a_missing_file_is_not_made_when_it_must_exist(path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database at"):
        Database(path, create=False)
    assert not path.parent.exists()


def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made"):
        Database(tmp_path / "file" / "emoasst.sqlite")
    with pytest.raises(StoreError, match="cannot be opened"):
        Database(tmp_path)


def test_a_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    before = plain_file(path, "PRAGMA application_id = 42", "CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('mine')")
    with pytest.raises(StoreError, match="belongs to another program"):
        Database(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_with_tables_but_no_id_is_not_taken_over(path: Path) -> None:
    before = plain_file(path, "CREATE TABLE sessions (session_id)")
    with pytest.raises(StoreError, match="belongs to another program"):
        Database(path)
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    saved_file(path)
    with closing(connect(path, Keys(), 5.0)) as tables:
        tables.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer EmoAsst .*Install the newer"):
        Database(path)
    assert path.read_bytes() == before


def test_a_text_file_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("dear diary, " * 500)
    with pytest.raises(StoreError, match=r"not an EmoAsst database.*Put a backup in its place"):
        Database(path)
    assert path.read_text() == "dear diary, " * 500


def test_a_truncated_file_is_called_damaged_and_left_alone(path: Path) -> None:
    saved_file(path)
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with pytest.raises(StoreError, match="is damaged"):
        Database(path)
    assert path.read_bytes() == half


def test_a_page_of_zeros_is_found_by_the_full_check(path: Path) -> None:
    saved_file(path)
    with Database(path) as database:
        assert database.faults() == []
        root = database.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'spans'")[0]["rootpage"]
    with path.open("r+b") as handle:
        handle.seek((root - 1) * 4096)
        handle.write(bytes(4096))
    with Database(path) as database:
        assert database.faults() != []
        with pytest.raises(StoreError, match="is damaged"):
            get_session(database, "kept")


def test_an_interrupted_first_start_leaves_a_file_that_opens(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    saved_file(path)
    with Database(path) as database:
        assert [info.session_id for info in list_sessions(database)] == ["kept"]


def test_an_error_in_a_writing_block_takes_back_all_of_it(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing():
        save_session(database, random_session(0))
        raise ZeroDivisionError
    assert list_sessions(database) == []


def test_a_writing_block_inside_another_fails_alone(database: Database) -> None:
    with database.writing():
        save_session(database, random_session(0, session_id="outer"))
        with pytest.raises(ZeroDivisionError), database.writing():
            save_session(database, random_session(1, session_id="inner"))
            raise ZeroDivisionError
    assert [info.session_id for info in list_sessions(database)] == ["outer"]


def test_a_full_disk_is_named_and_loses_nothing_saved_before(path: Path) -> None:
    saved_file(path)
    with Database(path) as database:
        (pages,) = database.rows("PRAGMA page_count")
        database.rows(f"PRAGMA max_page_count = {pages['page_count'] + 2}")  # SQLite then answers as on a full disk
        with pytest.raises(StoreError, match=r"the disk is full.*Free some space"):
            save_session(database, random_session(1, num_spans=2000))
        database.rows("PRAGMA max_page_count = 1000000")
        assert_same_session(get_session(database, "kept"), random_session(0, session_id="kept", num_spans=400))
        save_session(database, random_session(1, num_spans=2000))


def test_a_migration_keeps_the_rows_and_a_backup_of_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved_file(path)
    old_version = len(schema.MIGRATIONS)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE pets (name TEXT) STRICT;"))
    with Database(path) as database:
        assert database.rows("SELECT count(*) AS num FROM pets") == [{"num": 0}]
        assert database.rows("PRAGMA user_version") == [{"user_version": old_version + 1}]
        assert [info.session_id for info in list_sessions(database)] == ["kept"]
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
    with Database(path.with_name(f"emoasst.version{old_version}.sqlite"), create=False) as backup:
        assert_same_session(get_session(backup, "kept"), random_session(0, session_id="kept", num_spans=400))


def test_a_migration_that_fails_leaves_the_old_version_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved_file(path)
    broken = "CREATE TABLE pets (name TEXT) STRICT; DELETE FROM sessions; INSERT INTO nowhere VALUES (1);"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    with pytest.raises(StoreError, match="no such table: nowhere"):
        Database(path)
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
    with Database(path) as database:
        assert database.rows("SELECT name FROM sqlite_schema WHERE name = 'pets'") == []
        assert_same_session(get_session(database, "kept"), random_session(0, session_id="kept", num_spans=400))


@pytest.mark.parametrize("delay_s", [0.0, 0.2, 0.4])
def test_a_kill_during_a_migration_leaves_the_old_version_whole(path: Path, delay_s: float) -> None:
    saved_file(path)
    with other_process("migrate_forever", path) as process:
        wait_for(process, "migrating")
        time.sleep(delay_s)
        kill(process)
    with Database(path) as database:
        assert database.faults() == []
        assert database.rows("SELECT name FROM sqlite_schema WHERE name = 'half_done'") == []
        assert_same_session(get_session(database, "kept"), random_session(0, session_id="kept", num_spans=400))


def test_a_backup_is_whole_while_somebody_writes(path: Path, tmp_path: Path) -> None:
    saved_file(path)
    with Database(path) as writer, Database(path) as database:
        with writer.writing():
            save_session(writer, random_session(1, session_id="second"))
            database.back_up(tmp_path / "copy.sqlite")
        with Database(tmp_path / "copy.sqlite", create=False) as copy:
            assert [info.session_id for info in list_sessions(copy)] == ["kept"]
            assert copy.faults() == []


def test_a_deleted_session_leaves_no_trace_in_the_files(path: Path) -> None:
    record = random_session(0, session_id="to be deleted")
    canary = "the quick brown canary"
    object.__setattr__(record.utterances[0], "text", canary)
    with Database(path) as database:
        save_session(database, record)
        database.checkpoint()
        assert canary.encode() in bytes_within(path)
        assert canary.encode() not in path.read_bytes()
        delete_session(database, "to be deleted")
        remains = bytes_within(path)
        assert canary.encode() not in remains
        assert record.utterances[0].embeddings[next(iter(record.utterances[0].embeddings))].tobytes() not in remains


def test_closing_leaves_nothing_to_write_to_the_library_which_would_hold_up_every_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(path)
    save_session(database, random_session(1, session_id="kept"))
    close, at_close = database._tables.close, []

    def closes() -> None:
        at_close.append(path.read_bytes())
        close()

    monkeypatch.setattr(database._tables, "close", closes)
    before = path.read_bytes()
    database.close()
    assert before != at_close[0] == path.read_bytes()
    assert not path.with_name(f"{path.name}-wal").exists()


def test_closing_in_the_middle_of_a_transaction_takes_it_back(path: Path) -> None:
    database = Database(path)
    save_session(database, random_session(1, session_id="kept"))
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM sessions")
    database.close()
    with Database(path) as again:
        assert [info.session_id for info in list_sessions(again)] == ["kept"] and not again.faults()
