from __future__ import annotations

import threading
from pathlib import Path

import pytest
from processes import kill, other_process, wait_for
from session_records import assert_same_session, random_session, saved_file

from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions, save_session


def test_saving_into_a_file_locked_by_another_process_says_so_and_works_afterwards(path: Path) -> None:
    saved_file(path)
    record = random_session(1, session_id="second")
    with other_process("hold_lock", path) as process:
        wait_for(process, "locked")
        with Database(path, busy_timeout_s=0.05) as database:
            assert [info.session_id for info in list_sessions(database)] == ["kept"]  # reading goes on
            with pytest.raises(StoreError, match=r"in use by another program.*Close the other"):
                save_session(database, record)
            assert [info.session_id for info in list_sessions(database)] == ["kept"]
            kill(process)
            assert save_session(database, record) == "second"


def test_a_reader_sees_the_moment_before_until_the_writer_is_done(path: Path) -> None:
    saved_file(path)
    with Database(path) as writer, Database(path) as reader:
        with writer.writing():
            save_session(writer, random_session(1, session_id="second"))
            assert len(list_sessions(writer)) == 2
            assert len(list_sessions(reader)) == 1
        assert len(list_sessions(reader)) == 2


def test_one_reading_block_sees_one_moment_while_others_save(path: Path) -> None:
    saved_file(path)
    with Database(path) as writer, Database(path) as reader:
        with reader.reading():
            assert len(list_sessions(reader)) == 1
            save_session(writer, random_session(1, session_id="second"))
            assert len(list_sessions(reader)) == 1
        assert len(list_sessions(reader)) == 2


def test_threads_that_save_and_read_at_once_neither_fail_nor_see_half_a_session(path: Path) -> None:
    expected = {f"session {seed}": random_session(seed, session_id=f"session {seed}", num_spans=60) for seed in range(12)}
    failures: list[BaseException] = []
    is_done = threading.Event()

    def save(seeds: range) -> None:
        try:
            with Database(path) as database:
                for seed in seeds:
                    save_session(database, expected[f"session {seed}"])
        except BaseException as error:
            failures.append(error)

    def read() -> None:
        try:
            with Database(path) as database:
                while not is_done.is_set():
                    for info in list_sessions(database):
                        assert_same_session(get_session(database, info.session_id), expected[info.session_id])
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=save, args=(range(first, 12, 3),)) for first in range(3)]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):  # all of them find the file not yet made
        thread.start()
    for thread in writers:
        thread.join()
    is_done.set()
    reader.join()
    assert failures == []
    with Database(path) as database:
        assert {info.session_id for info in list_sessions(database)} == set(expected)


def test_a_connection_used_from_another_thread_is_refused(database: Database) -> None:
    caught: list[StoreError] = []

    def use() -> None:
        try:
            list_sessions(database)
        except StoreError as error:
            caught.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "thread" in caught[0].message
