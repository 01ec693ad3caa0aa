"""Faults of the database, the key, the PIN and what was deleted."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from emoasst_core.errors import DamagedError, GateError, KeyLostError, StoreError
from emoasst_core.store import keys as keys_module
from emoasst_core.store.database import Database
from emoasst_core.store.gate import Gate
from emoasst_core.store.sessions import delete_session, list_sessions, save_session
from tests.core.store.database_state import database_state
from tests.faults.row import ROOT, Outcome, Row, child, kill, not_run

sys.path.insert(0, str(ROOT / "tests" / "core" / "store"))
from session_records import random_session, saved_file


def killed_while_changing(home: Path, tries: int) -> Outcome:
    """Kill at a random moment of a migration, a backup and a settings save."""
    half = {"migration": 0, "backup": 0, "settings": 0}
    chance = random.Random(0)
    for number in range(tries):
        path = home / f"{number}" / "emoasst.sqlite"
        saved_file(path)
        with child("migrate", path, home=home) as process:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.5))
            kill(process)
        with Database(path) if not _is_newer(path) else _NewerAllowed(path) as database:
            rows = database.rows("SELECT name FROM sqlite_schema WHERE name = 'half'")
            count = database.rows("SELECT count(*) AS num FROM half")[0]["num"] if rows else 0
            half["migration"] += count not in (0, 20 * 60_000) or bool(database.faults()) or len(list_sessions(database)) != 1
        path = home / f"{number}" / "again.sqlite"
        saved_file(path)
        with child("back_up", path, home=home) as process:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.3))
            kill(process)
        copy = path.with_name("copy.sqlite")
        half["backup"] += copy.exists() and database_state(copy) != "whole"
        half["settings"] += _settings_are_half(home / f"{number}" / "preferences.ini", home, chance.uniform(0, 0.1))
    return Outcome(sum(half.values()) == 0, f"{sum(half.values())} half done of 3 x {tries}", "0 half", 3 * tries)


def _settings_are_half(path: Path, home: Path, after_s: float) -> bool:
    """Kill while choices are changed; whether they are mixed afterwards, or older than the last that was kept."""
    from app.preferences import Preferences

    with child("settings", path, home=home) as process:
        process.stdout.readline()
        time.sleep(after_s)
        kill(process)
        told = [int(line.split()[1]) for line in process.stdout if line.endswith("\n")]
    choices = Preferences(path).choices
    is_mixed = not choices.last_folder == choices.camera_id == choices.microphone_id
    return is_mixed or int(choices.camera_id) < max(told, default=1)


def _is_newer(path: Path) -> bool:
    try:
        Database(path).close()
    except StoreError as error:
        return "newer" in error.message
    return False


class _NewerAllowed(Database):
    def _identify(self) -> int:
        return self._number("user_version")


def flipped_bits_in_database(home: Path, tries: int) -> Outcome:
    """Flip one bit somewhere in the file; it must be noticed on opening or by the check, never read as data."""
    path = home / "flips.sqlite"
    saved_file(path)
    whole, chance, noticed = path.read_bytes(), random.Random(1), 0
    for _ in range(tries):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(changed))
        try:
            with Database(path) as database:
                noticed += bool(database.faults())
        except (DamagedError, KeyLostError):
            noticed += 1
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    return Outcome(noticed == tries, f"{noticed} of {tries} noticed", "100 % detected", tries)


def disk_full(home: Path, tries: int) -> Outcome:
    """Fill a small file system until saving is refused; nothing saved is lost, deleting works, and it goes on."""
    import subprocess

    kept = refused = deleted = went_on = 0
    slowest_s = 0.0
    for number in range(tries):
        place = home / f"small-{number}"
        place.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True).returncode:
            return not_run("this user may not mount a file system", "no crash, rows kept, DELETE works")
        try:
            saved = []
            with Database(place / "emoasst.sqlite") as database:
                while True:
                    began = time.monotonic()
                    try:
                        save_session(database, random_session(len(saved), session_id=f"s{len(saved)}", num_spans=300))
                    except StoreError as error:
                        slowest_s = max(slowest_s, time.monotonic() - began)
                        refused += "disk is full" in error.message
                        break
                    saved.append(f"s{len(saved)}")
                kept += {info.session_id for info in list_sessions(database)} == set(saved)
                try:
                    for name in saved[:5]:
                        delete_session(database, name)
                    deleted += 1
                    save_session(database, random_session(1, session_id="afterwards"))
                    went_on += not database.faults()
                except StoreError as error:
                    sys.stderr.write(f"{error}\n")
        finally:
            subprocess.run(["umount", str(place)], capture_output=True)
    figure = f"said {refused}, rows kept {kept}, deleted {deleted}, went on {went_on} of {tries}; told within {slowest_s:.2f} s"
    return Outcome(
        min(refused, kept, deleted, went_on) == tries and slowest_s <= 2, figure, "rows kept, 2 s, DELETE works", tries
    )


def wrong_key(home: Path, tries: int) -> Outcome:
    """Open with other keys and with none; the file stays as it is, and the phrase opens it."""
    import os

    path = home / "emoasst.sqlite"
    saved_file(path)
    phrase = keys_module.new_phrase()
    keys_module.Keys(home).set_phrase(phrase)
    before, refused = path.read_bytes(), 0
    os.environ["EMOASST_HOME"] = str(home)
    right = (home / "master.key").read_text()
    for _ in range(tries):
        (home / "master.key").write_text("emoasst-key-1 " + random.randbytes(32).hex() + "\n")
        keys_module._opened.clear()
        try:
            Database(path).close()
        except KeyLostError:
            refused += 1
    unchanged = path.read_bytes() == before
    keys_module.Keys(home).unlock_with_phrase(phrase)
    with Database(path) as database:
        opens = len(list_sessions(database)) == 1
    is_same = (home / "master.key").read_text() == right
    figure = f"{refused} of {tries} refused, file unchanged: {unchanged}, phrase opens: {opens and is_same}"
    return Outcome(refused == tries and unchanged and opens and is_same, figure, "phrase opens, files unchanged", tries)


def guessed_pin(home: Path, tries: int) -> Outcome:
    """Try one PIN after another, each in a newly opened program, on a machine that is restarted again and again."""
    path, checked = home / "pin.sqlite", 0
    with Database(path) as database:
        Gate(database, lambda: 1000.0).set_pin("9182")
    for number in range(tries):
        with Database(path) as database:
            try:
                Gate(database, lambda number=number: 0.1 * (number % 40)).check(f"{number:04d}")
            except GateError as error:
                checked += "too early" not in error.message
    return Outcome(checked <= 10, f"{checked} of {tries} checked", "at most 10 checked", tries)


ROWS = (
    Row("kill in a migration, a backup, a settings save", killed_while_changing, 2, 40),
    Row("bit flips in the database", flipped_bits_in_database, 40, 400),
    Row("disk full (small file system)", disk_full, 1, 5, is_timed=True),
    Row("wrong key, lost key", wrong_key, 3, 100),
    Row("PIN tries with restarts", guessed_pin, 60, 1000),
)
