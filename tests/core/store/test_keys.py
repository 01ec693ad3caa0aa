from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from session_records import assert_same_session, random_session, saved_file

from emoasst_core.errors import DamagedError, KeyLostError, StoreError
from emoasst_core.store import keychain, keys, schema
from emoasst_core.store.database import Database
from emoasst_core.store.keys import Keys
from emoasst_core.store.recovery_phrase import NUM_WORDS, new_phrase, word_list, words_of
from emoasst_core.store.sessions import get_session, list_sessions, save_session


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts like a new process."""
    monkeypatch.setattr(keys, "_opened", {})


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A keychain of this test's own."""
    kept: dict[str, str] = {}

    class Backend:
        priority = 5.0

        def set_password(self, _service: str, name: str, secret: str) -> None:
            kept[name] = secret

        def get_password(self, _service: str, name: str) -> str | None:
            return kept.get(name)

        def delete_password(self, _service: str, name: str) -> None:
            del kept[name]

    monkeypatch.setattr(keychain, "_backend", Backend)
    monkeypatch.setenv("EMOASST_KEYS", "keychain")
    return kept


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def test_the_word_list_has_256_words_told_apart_by_four_letters() -> None:
    assert len(word_list()) == len({word[:4] for word in word_list()}) == 256


def test_a_phrase_is_read_as_people_type_it_and_a_slip_is_named() -> None:
    phrase = new_phrase()
    assert len(set(new_phrase()) & set(new_phrase())) < NUM_WORDS
    assert words_of("  ".join(phrase).upper()) == phrase
    assert words_of([word[:4] for word in phrase]) == phrase
    with pytest.raises(StoreError, match="has 16 words; these are 15"):
        words_of(phrase[:-1])
    with pytest.raises(StoreError, match="Word 3, 'xylophone'"):
        words_of((*phrase[:2], "xylophone", *phrase[3:]))
    swapped = (phrase[1], phrase[0], *phrase[2:])
    if phrase[0] != phrase[1]:
        slips = 0
        try:
            words_of(swapped)
        except StoreError:
            slips = 1
        assert slips == 1 or words_of(swapped) == swapped  # one swap in 256 passes the check word; the key then refuses it


def test_a_key_is_made_once_readable_by_its_owner_and_asks_nothing(home: Path) -> None:
    first = Keys().master()
    assert len(first) == 32
    assert Keys().master() == first
    assert (home / "master.key").stat().st_mode & 0o077 == 0
    assert first not in (home / "keys.json").read_bytes()
    assert "whoever can read that file" in Keys().warning
    assert Keys().needs_phrase


def test_nothing_readable_lies_on_the_disk(path: Path) -> None:
    saved_file(path)
    data = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"CREATE TABLE" not in data
    assert b"SQLite format" not in data


def test_the_keychain_is_used_where_there_is_one_and_no_file_is_made(home: Path, path: Path, chain: dict[str, str]) -> None:
    saved_file(path)
    assert list(chain.values()) == [Keys().master().hex()]
    assert not (home / "master.key").exists()
    assert (Keys().place, Keys().warning) == ("in this computer's keychain", "")


def test_a_lost_keychain_changes_nothing_and_the_phrase_brings_the_key_back(home: Path, chain: dict[str, str]) -> None:
    path = home / "emoasst.sqlite"
    saved_file(path)
    phrase = new_phrase()
    Keys().set_phrase(phrase)
    assert Keys().check_phrase(" ".join(phrase))
    assert not Keys().check_phrase(new_phrase())
    chain.clear()
    keys._opened.clear()
    before = digests(home)
    for _ in range(2):
        with pytest.raises(KeyLostError, match=r"not in this computer's keychain. Nothing has been changed.*recovery phrase"):
            Database(path)
    with pytest.raises(KeyLostError, match="does not open"):
        Keys().unlock_with_phrase(new_phrase())
    assert digests(home) == before
    Keys().unlock_with_phrase(phrase)
    with Database(path) as database:
        assert [info.session_id for info in list_sessions(database)] == ["kept"]
    assert len(chain) == 1


def test_without_a_keychain_the_phrase_puts_the_key_in_a_file_and_keeps_what_stood_there(home: Path) -> None:
    path = home / "emoasst.sqlite"
    saved_file(path)
    phrase = new_phrase()
    Keys().set_phrase(phrase)
    (home / "master.key").write_text("emoasst-key-1 " + "00" * 32)
    keys._opened.clear()
    with pytest.raises(KeyLostError):
        Database(path)
    Keys().unlock_with_phrase(phrase)
    with Database(path) as database:
        assert len(list_sessions(database)) == 1
    assert len(list(home.glob("master.key.*.other"))) == 1


def test_another_phrase_takes_the_place_of_the_first() -> None:
    first, second = new_phrase(), new_phrase()
    Keys().set_phrase(first)
    Keys().set_phrase(second)
    assert (Keys().check_phrase(first), Keys().check_phrase(second)) == (False, True)
    assert not Keys().needs_phrase


def test_no_new_key_is_made_over_data_of_a_lost_one(home: Path) -> None:
    path = home / "emoasst.sqlite"
    saved_file(path)
    for file in ("master.key", "keys.json", "keys.copy.json"):
        (home / file).unlink()
    keys._opened.clear()
    before = digests(home)
    with pytest.raises(KeyLostError, match=r"keys.json is missing.*Nothing has been changed"):
        Database(path)
    assert digests(home) == before


def test_the_second_copy_of_the_card_stands_in_for_a_damaged_first(home: Path) -> None:
    path = home / "emoasst.sqlite"
    saved_file(path)
    (home / "keys.json").write_text("{ half")
    keys._opened.clear()
    with Database(path) as database:
        assert len(list_sessions(database)) == 1


def test_a_file_of_another_home_is_refused_and_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    saved_file(path)
    before = digests(path.parent)
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path / "another home"))
    with pytest.raises(KeyLostError, match=r"encrypted with another key. It has not been changed"):
        Database(path)
    assert digests(path.parent) == before


def plain_copy(path: Path) -> None:
    """A database as EmoAsst wrote it before encryption: version 1, plain."""
    donor = path.with_name("donor.sqlite")
    saved_file(donor)
    with Database(donor) as database, closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(schema.MIGRATIONS[0])
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in (name for name in tables if not name.startswith("sqlite_")):
            connection.execute(f"DELETE FROM {table}")
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for row in database.rows(f"SELECT {', '.join(columns)} FROM {table}"):
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(row.values()))
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    donor.unlink()


def test_a_plain_database_is_encrypted_once_with_every_row_and_no_plain_copy_left(path: Path) -> None:
    plain_copy(path)
    assert path.read_bytes().startswith(b"SQLite format 3")
    with Database(path) as database:
        assert_same_session(get_session(database, "kept"), random_session(0, session_id="kept", num_spans=400))
        assert database.faults() == []
        save_session(database, random_session(1))
    for file in path.parent.iterdir():
        assert b"SQLite format 3" not in file.read_bytes()
        assert b"CREATE TABLE" not in file.read_bytes()
    with Database(path.with_name("emoasst.version1.sqlite"), create=False) as backup:  # of before the migrations that followed
        assert len(list_sessions(backup)) == 1


@pytest.mark.parametrize("dies_at", ["_is_equal", "replace"])
def test_a_conversion_cut_short_leaves_the_plain_file_whole(path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str) -> None:
    plain_copy(path)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        if dies_at == "replace":
            patch.setattr("emoasst_core.atomic_file.sync_and_rename", die)
        else:
            patch.setattr("emoasst_core.store.conversion._is_equal", die)
        with pytest.raises(SystemExit):
            Database(path)
    assert path.read_bytes().startswith(b"SQLite format 3")
    with Database(path) as database:
        assert_same_session(get_session(database, "kept"), random_session(0, session_id="kept", num_spans=400))


def test_a_flipped_bit_anywhere_is_never_read_as_data(path: Path) -> None:
    saved_file(path)
    whole = path.read_bytes()
    for place in range(7, len(whole), len(whole) // 23):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(bytes(changed))
        with pytest.raises((DamagedError, KeyLostError)), Database(path) as database:
            if faults := database.faults():
                raise DamagedError(faults[0])
    path.write_bytes(whole)
    with Database(path) as database:
        assert database.faults() == []
