"""Somebody is deleted: afterwards nothing of them is found in any file the program could have written."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import numpy as np

from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.review.export import json_text
from emoasst_core.store.backup import back_up
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.people import People
from emoasst_core.store.sessions import get_session, save_session
from tests.faults.row import ROOT, Outcome, Row, child_environment

sys.path.insert(0, str(ROOT / "tests" / "core" / "store"))
import test_deletion
from decrypted import bytes_within
from session_records import random_session

MARK = "0 hits in database, WAL, media, temp, logs; older backups named"


def deleted_person(home: Path, tries: int) -> Outcome:
    """Keep somebody in every place there is, delete them by `emoasst data delete`, and look for the canary in every byte."""
    before = hits = named = others = 0
    for number in range(tries):
        room = home / str(number)
        environment = child_environment(room / "home") | {"TMPDIR": str(room / "tmp"), "HOME": str(room / "user")}
        environment |= {f"XDG_{name}_HOME": str(room / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        for folder in ("tmp", "user", "work"):
            (room / folder).mkdir(parents=True)
        os.environ["EMOASST_HOME"] = str(room / "home")
        canary = f"canary-{secrets.token_hex(8)}"
        person = _kept_everywhere(room / "home" / "emoasst.sqlite", canary)
        before += _found(room, canary) > 0
        result = subprocess.run(
            [sys.executable, "-m", "emoasst_core.cli", "data", "delete", "--person", person, "--yes"],
            env=environment, capture_output=True, text=True, cwd=room / "work",
        )  # fmt: skip
        backups = list((room / "home" / "backups").glob("*.sqlite"))
        named += bool(backups) and all(path.name in result.stdout for path in backups)
        hits += _found(room, canary) + (result.stdout + result.stderr).count(canary)
        with Database(room / "home" / "emoasst.sqlite") as database:
            others += len(get_session(database, "others").utterances) > 0 and not database.faults()
    figure = f"{hits} hits (before: in {before} of {tries}), older backups named {named}, others whole {others} of {tries}"
    return Outcome(hits == 0 and before == named == others == tries, figure, MARK, tries)


def _kept_everywhere(path: Path, canary: str) -> str:
    """A person with name, face, recorded and unrecorded sessions, words, shots, files, and an older backup."""
    test_deletion.CANARY = canary
    with Database(path) as database:
        save_session(database, random_session(1, session_id="others"))
        people = People(database)
        person = people.add(f"Eve {canary}", "adult").person_id
        people.add_face(person, test_deletion.unit_vector(np.random.default_rng(5)), "one", canary.encode())
        for session_id in ("recorded", "seen"):
            test_deletion.kept_session(database, session_id, person)
            table = path.parent / "sessions" / session_id / "timeline.json"
            table.write_text(json_text(get_session(database, session_id)))
        MediaVault(database).delete("seen")
        vault = MediaVault(database)
        writer = vault.record("film")
        for number in range(20):
            writer.frame(Frame(number / 10, np.full((48, 64, 3), 10 * number, np.uint8)))
            writer.sound(AudioBlock(number / 10, np.zeros(1600, np.float32)))
        writer.close()
        with database.writing():
            database.execute("INSERT INTO session_people (session_id, person_id) VALUES ('film', ?)", (person,))
        back_up(database)
    return person


def _found(room: Path, canary: str) -> int:
    """How often it stands in any file, and in the pages of the database and its log once decrypted; not in backups."""
    files = [path for path in room.rglob("*") if path.is_file() and "backups" not in path.parts]
    plain = sum(path.read_bytes().count(canary.encode()) for path in files)
    films = sum(path.parent.name == "film" for path in files)  # encrypted: that the file is there is what counts
    return plain + films + bytes_within(room / "home" / "emoasst.sqlite").count(canary.encode())


ROWS = (Row("a person deleted, canaries looked for", deleted_person, 1, 20),)
