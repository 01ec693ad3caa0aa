from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from decrypted import bytes_within
from session_records import random_session, saved_file, unit_vector

from emoasst_core.datatypes import Modality, Shot
from emoasst_core.errors import DamagedError, KeyLostError, StoreError
from emoasst_core.store import keys
from emoasst_core.store.audit import first_broken_line
from emoasst_core.store.backup import back_up, backups, restore
from emoasst_core.store.database import Database
from emoasst_core.store.deletion import backups_beside, forget_session, what_backups_keep
from emoasst_core.store.erasure import forget_everything, is_erasure_noted, note_erasure, what_is_kept
from emoasst_core.store.instance import only_instance
from emoasst_core.store.media import MediaVault
from emoasst_core.store.people import People
from emoasst_core.store.retention import sweep
from emoasst_core.store.sessions import list_sessions, save_session
from emoasst_core.store.shots import add_shot, list_shots
from tests.core.store.database_state import database_state

CANARY = "canary in the coal mine"


def kept_session(database: Database, session_id: str, person: str) -> None:
    """A session with a recording, a clip's words, a shot and files, all of them bearing the canary."""
    record = random_session(0, session_id=session_id, num_spans=30)
    utterances = tuple(dataclasses.replace(row, person=person, text=f"{CANARY} {row.number}") for row in record.utterances)
    words = tuple(dataclasses.replace(word, text=CANARY, start_s=1.0, end_s=1.5) for word in record.timeline.words)
    spans = tuple(dataclasses.replace(span, person=person) for span in record.timeline.spans)
    timeline = dataclasses.replace(record.timeline, words=words, spans=spans)
    save_session(database, dataclasses.replace(record, utterances=utterances, timeline=timeline))
    label = np.eye(7, dtype=np.float32)[0]
    key = unit_vector(np.random.default_rng(3))
    add_shot(database, Shot(label, {Modality.FACE: key}, "0" * 64, person), session_id, 1, CANARY)
    with database.writing():
        database.execute(
            "INSERT INTO recordings (session_id, wrapped_key, started_at) VALUES (?, ?, ?)",
            (session_id, CANARY.encode(), datetime.now(UTC).isoformat()),
        )
    folder = MediaVault(database).session_folder(session_id)
    folder.mkdir(parents=True)
    (folder / "0001.emav").write_text(CANARY)
    files = database.path.parent / "sessions" / session_id
    files.mkdir(parents=True)
    (files / "timeline.csv").write_text(CANARY)


def canaries(database: Database) -> int:
    """How often the canary is found in the database, decrypted, its log, and every other file beside it."""
    found = bytes_within(database.path).count(CANARY.encode())
    for path in database.path.parent.rglob("*"):
        if path.is_file():
            found += path.read_bytes().count(CANARY.encode())
    return found


def test_a_deleted_session_leaves_no_canary_in_database_log_media_or_files(database: Database) -> None:
    kept_session(database, "to-go", "person 1")
    save_session(database, random_session(1, session_id="to-stay"))
    assert canaries(database) > 5
    forget_session(database, "to-go")
    assert canaries(database) == 0
    assert [info.session_id for info in list_sessions(database)] == ["to-stay"]
    assert list_shots(database) == []
    assert first_broken_line(database) is None
    with pytest.raises(StoreError, match="no session to-go"):
        forget_session(database, "to-go")


def test_answers_of_a_deleted_session_stay_where_that_was_asked_for(database: Database) -> None:
    kept_session(database, "to-go", "person 1")
    forget_session(database, "to-go", keeps_answers=True)
    assert len(list_shots(database)) == 1


def test_a_deleted_person_leaves_no_canary(database: Database) -> None:
    people = People(database)
    eve = people.add(f"Eve {CANARY}", "adult").person_id
    people.add_face(eve, unit_vector(np.random.default_rng(5)), "one", CANARY.encode())
    kept_session(database, "with-eve", eve)
    assert canaries(database) > 5
    people.forget(eve)
    assert canaries(database) == 0
    assert MediaVault(database).recorded_sessions() == []
    assert list_shots(database) == []


def test_files_of_a_session_that_was_not_recorded_go_with_the_person_who_was_recognised_in_it(database: Database) -> None:
    eve = People(database).add("Eve", "adult").person_id
    kept_session(database, "not-recorded", eve)
    MediaVault(database).delete("not-recorded")
    assert canaries(database) > 5
    People(database).forget(eve)
    assert canaries(database) == 0


def test_everything_deleted_leaves_no_file_no_backup_and_no_key(home: Path) -> None:
    with Database(home / "emoasst.sqlite") as database:
        kept_session(database, "to-go", "person 1")
        back_up(database)
        forgotten = database.path.read_bytes()
    for name in ("preferences.ini", "preferences.ini.newest", "master.key.ab12.other", "emoasst.sqlite.damaged-1"):
        (home / name).write_text(CANARY)
    (home / "models" / "mine").mkdir(parents=True)
    (home / "models" / "mine" / "model.toml").write_text("")
    forget_everything(home)
    assert [path for path in home.rglob("*") if path.is_file()] == [home / "models" / "mine" / "model.toml"]
    assert not is_erasure_noted(home)
    (home / "emoasst.sqlite").write_bytes(forgotten)  # somebody kept a copy
    with pytest.raises(KeyLostError):
        Database(home / "emoasst.sqlite")


def test_what_cannot_be_deleted_is_named_and_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Database(home / "emoasst.sqlite") as database:
        kept_session(database, "to-go", "person 1")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_arguments, **_options: None)  # as where another program holds a file open
        with pytest.raises(StoreError, match=r"could not be deleted: recordings, sessions\."):
            forget_everything(home)
    assert is_erasure_noted(home)
    assert not (home / "emoasst.sqlite").exists()
    forget_everything(home)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_disk_that_takes_no_note_is_emptied_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full(*_arguments: object) -> None:
        raise StoreError("The disk is full.", "Free some space.")

    saved_file(home / "emoasst.sqlite")
    monkeypatch.setattr("emoasst_core.store.erasure.write_atomically", is_full)
    forget_everything(home)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_what_would_go_is_counted(database: Database) -> None:
    People(database).add("Eve", "adult")
    kept_session(database, "to-go", "person 1")
    kept = what_is_kept(database)
    assert (kept.num_people, kept.num_sessions, kept.num_recordings, kept.num_answers) == (1, 1, 1, 1)


def test_a_note_to_delete_everything_lasts_and_deletes_nothing_by_itself(home: Path) -> None:
    saved_file(home / "emoasst.sqlite")
    note_erasure(home)
    assert is_erasure_noted(home)
    assert (home / "emoasst.sqlite").exists()


def test_withdrawing_takes_the_clips_nobody_has_answered_and_leaves_the_others(database: Database) -> None:
    people = People(database)
    eve = people.add("Eve", "adult").person_id
    people.grant(eve, "clips")
    clip_ids = clips_of(database, eve, [datetime.now(UTC)] * 2)
    with database.writing():
        database.execute(
            """INSERT INTO clip_answers (clip_id, labeller, answer, is_sure, told_by, answered_at)
               VALUES (?, 'a', 'joy', 1, '', '')""",
            (clip_ids[0],),
        )
    people.withdraw(eve, "clips")
    assert database.rows("SELECT clip_id FROM clips") == [{"clip_id": clip_ids[0]}]


def clips_of(database: Database, person: str, moments: list[datetime]) -> list[int]:
    save_session(database, random_session(0, session_id="with clips"))
    with database.writing():
        return [
            database.execute(
                """INSERT INTO clips (session_key, utterance_number, start_s, end_s, person, reason, is_shown, created_at)
                   VALUES (1, ?, 0, 4, ?, 'close', 1, ?)""",
                (number, person, moment.isoformat(timespec="microseconds")),
            )
            for number, moment in enumerate(moments, 1)
        ]


def test_a_sweep_removes_what_is_old_enough_and_nothing_else(database: Database) -> None:
    now = datetime(2030, 5, 1, tzinfo=UTC)
    clips_of(database, "person 1", [now - timedelta(days=days) for days in (6.9, 7.1, 20)])
    for name, days in (("young", 29), ("old", 31)):
        with database.writing():
            moment = (now - timedelta(days=days)).isoformat(timespec="microseconds")
            database.execute("INSERT INTO recordings (session_id, wrapped_key, started_at) VALUES (?, x'00', ?)", (name, moment))
    swept = sweep(database, now=now)
    assert (swept.num_clips, swept.num_recordings) == (2, 1)
    assert MediaVault(database).recorded_sessions() == ["young"]
    assert sweep(database, clip_days=6, now=now).num_clips == 1


def test_a_clock_far_ahead_deletes_nothing_at_first_and_one_set_back_keeps_nothing_for_ever(database: Database) -> None:
    now = datetime(2030, 5, 1, tzinfo=UTC)
    sweep(database, now=now)
    clips_of(database, "person 1", [now, now + timedelta(days=4000)])
    ahead = now + timedelta(days=4000)
    assert sweep(database, now=ahead).is_put_off
    assert sweep(database, now=ahead + timedelta(minutes=5)).is_put_off
    assert sweep(database, now=now + timedelta(days=1)).num_clips == 0  # the clock was put right: nothing was lost
    assert sweep(database, now=now + timedelta(days=9)).num_clips == 2  # the one from the future was given a present moment
    with database.writing():
        database.execute("DELETE FROM clips")


def test_a_backup_comes_back_and_the_damaged_file_is_kept(home: Path) -> None:
    path = home / "emoasst.sqlite"
    saved_file(path)
    with Database(path) as database:
        backup = back_up(database)
    assert [entry[0] for entry in backups(path)] == [backup] == backups_beside(path)
    assert backup.name in what_backups_keep([backup])
    broken = bytearray(path.read_bytes())
    broken[5000:5100] = bytes(100)
    path.write_bytes(bytes(broken))
    assert database_state(path) == "damaged"
    aside = restore(backup, path)
    assert database_state(path) == "whole"
    assert aside is not None
    assert aside.read_bytes() == bytes(broken)
    with Database(path) as database:
        assert [info.session_id for info in list_sessions(database)] == ["kept"]


def test_a_damaged_backup_or_one_of_another_key_is_not_put_back(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = home / "emoasst.sqlite"
    saved_file(path)
    with Database(path) as database:
        backup = back_up(database)
    before = path.read_bytes()
    whole = backup.read_bytes()
    backup.write_bytes(whole[:6000] + b"\1" + whole[6001:])
    with pytest.raises(DamagedError):
        restore(backup, path)
    backup.write_bytes(whole)
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path / "other"))
    monkeypatch.setattr(keys, "_opened", {})
    with pytest.raises(KeyLostError):
        restore(backup, path)
    assert path.read_bytes() == before
    assert database_state(path) == "wrong_key"
    assert database_state(tmp_path / "nowhere.sqlite") == "missing"


def test_a_second_window_is_told_that_one_is_open(tmp_path: Path) -> None:
    with only_instance(tmp_path), pytest.raises(StoreError, match="open already"), only_instance(tmp_path):
        pass
    with only_instance(tmp_path):
        pass


def test_a_file_that_is_no_backup_is_named_as_it_was_given(path: Path, tmp_path: Path) -> None:
    with Database(path):
        pass
    before = path.read_bytes()
    (tmp_path / "letter.txt").write_text("hello\n" * 500)
    with pytest.raises(DamagedError, match=r"letter\.txt is not a backup") as refused:
        restore(tmp_path / "letter.txt", path)
    assert ".checking" not in str(refused.value) and path.read_bytes() == before
