"""Another process at the same database: started by the tests, told what to do by its first argument, and killed by them."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

from session_records import random_session

from emoasst_core.store import schema
from emoasst_core.store.database import Database
from emoasst_core.store.driver import connect
from emoasst_core.store.keys import Keys
from emoasst_core.store.sessions import save_session

ENDLESS_MIGRATION = """
CREATE TABLE half_done (number INTEGER) STRICT;
INSERT INTO half_done WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter) SELECT n FROM counter;
"""


class PausingSpans(tuple):  # type: ignore[type-arg]
    """A timeline that stops after two thirds of its rows, so that the kill falls in the middle of the transaction."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        for number, span in enumerate(super().__iter__()):
            if number == 2 * len(self) // 3:
                say("in the middle")
                time.sleep(600)
            yield span


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def hold_lock(path: Path) -> None:
    connection = connect(path, Keys(), 5.0).conn
    connection.execute("BEGIN IMMEDIATE")
    say("locked")
    time.sleep(600)


def pause_in_the_middle(path: Path) -> None:
    record = random_session(seed=1, session_id="half", num_spans=3000)
    object.__setattr__(record.timeline, "spans", PausingSpans(record.timeline.spans))
    with Database(path) as database:
        database.execute("PRAGMA cache_size = 10")  # pages, so that unfinished rows spill to the disk
        save_session(database, record)


def save_forever(path: Path) -> None:
    record = random_session(seed=1, num_spans=300)
    with Database(path) as database:
        say("started")
        for number in range(10_000):
            say(save_session(database, dataclasses.replace(record, session_id=f"session {number}")))


def migrate_forever(path: Path) -> None:
    schema.MIGRATIONS = (*schema.MIGRATIONS, ENDLESS_MIGRATION)
    say("migrating")
    Database(path)


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
