"""Everything exported and imported again elsewhere: the same rows and the same files."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from emoasst_core.datatypes import Modality, Shot
from emoasst_core.review.archive import read_archive, write_archive
from emoasst_core.store.archive_rows import dump_table, tables_of
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import save_session
from emoasst_core.store.shots import add_shot
from tests.faults.row import ROOT, Outcome, Row, done_of, each_try

sys.path.insert(0, str(ROOT / "tests" / "core" / "store"))
from session_records import random_session, unit_vector


def exported_and_imported(home: Path, tries: int) -> Outcome:
    """Sessions, people, agreements, faces, shots and files of random content, through an archive into an empty database."""
    equal, num_rows = 0, 0
    for number in each_try(tries):
        room = home / str(number)
        rng = np.random.default_rng(number)
        with Database(room / "a" / "emoasst.sqlite") as database:
            people = People(database)
            person = people.add(f"Person {number} äß\u2603", "adult").person_id
            people.grant(person, "live")
            people.add_face(person, unit_vector(rng), "one", rng.bytes(200))
            for place in range(3):
                session_id = f"s{place}"
                save_session(database, random_session(10 * number + place, session_id=session_id, num_spans=30))
                label = np.eye(7, dtype=np.float32)[place]
                add_shot(database, Shot(label, {Modality.FACE: unit_vector(rng)}, "0" * 64, person), session_id, 1, "Mum")
                (room / "files" / session_id).mkdir(parents=True)
                (room / "files" / session_id / "timeline.bin").write_bytes(rng.bytes(5000))
            write_archive(database, room / "all.zip", room / "files", with_files=True)
            before = _content(database)
        with Database(room / "b" / "emoasst.sqlite") as database:
            read_archive(room / "all.zip", database, room / "again")
            after, is_whole = _content(database), not database.faults()
        num_rows += sum(map(len, before.values()))
        equal += before == after and _hashes(room / "files") == _hashes(room / "again") and is_whole
    tries = done_of(tries)
    figure = f"{equal} of {tries} equal ({num_rows} rows, {3 * tries} files)"
    return Outcome(equal == tries and num_rows > 0, figure, "equal rows and hashes", tries)


def _content(database: Database) -> dict[str, list[dict[str, object]]]:
    return {table: list(dump_table(database, table)) for table in tables_of(database)}


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


ROWS = (Row("export, then import", exported_and_imported, 2, 50),)
