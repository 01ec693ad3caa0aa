"""The keychain is lost, locked, full or holds another key: nothing is harmed, and the phrase opens."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emoasst_core.errors import KeyLostError
from emoasst_core.store import keys as keys_module
from emoasst_core.store.database import Database
from emoasst_core.store.keys import Keys, new_phrase
from emoasst_core.store.sessions import list_sessions, save_session
from tests.faults.file_keyring import PLACE
from tests.faults.row import ROOT, Outcome, Row, child_environment, not_run

sys.path.insert(0, str(ROOT / "tests" / "core" / "store"))
from session_records import random_session

MARK = "phrase opens; files unchanged; never a new database over the old"


def keychain_breaks(home: Path, tries: int) -> Outcome:
    """Through the real `keyring` library, with a backend that keeps its secrets in a file."""
    kept = home / "keychain.json"
    with _backend("tests.faults.file_keyring.FileKeyring", kept):
        return _all_breaks(home, tries, lambda how: _break_file(kept, how), ("emptied", "another key", "locked", "no key at all"))


def secret_service_breaks(home: Path, tries: int) -> Outcome:
    """The same with GNOME's keychain on a session bus of its own; the key is taken out of it, or replaced."""
    if not all(map(shutil.which, ("dbus-run-session", "gnome-keyring-daemon"))):
        return not_run("dbus-run-session or gnome-keyring-daemon is not here", MARK)
    inner = "import sys; from tests.faults.key_rows import inside_bus; inside_bus(sys.argv[1], int(sys.argv[2]))"
    daemon = "echo -n pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"
    start = f'{daemon}; exec "{sys.executable}" -c "{inner}" "$@"'
    environment = child_environment(home) | {"XDG_DATA_HOME": str(home / "data"), "XDG_RUNTIME_DIR": str(home)}
    environment["PYTHONPATH"] = str(ROOT) + os.pathsep + environment["PYTHONPATH"]
    result = subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", start, "inside", str(home), str(tries)],
        env=environment, capture_output=True, text=True, cwd=ROOT, timeout=600,
    )  # fmt: skip
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return Outcome(False, f"no answer: {result.stderr[-300:]}", MARK, tries)
    return Outcome(**json.loads(lines[-1]))


def inside_bus(home: str, tries: int) -> None:
    """What runs on the bus."""
    from dataclasses import asdict

    import keyring

    def break_it(how: str) -> None:
        check = json.loads((Path(home) / "keys.json").read_text())["check"]
        if how == "emptied":
            keyring.delete_password("EmoAsst", check)
        else:
            keyring.set_password("EmoAsst", check, secrets.token_hex(32) if how == "another key" else "no key")

    with _backend("keyring.backends.SecretService.Keyring", Path(home) / "unused"):
        outcome = _all_breaks(Path(home), tries, break_it, ("emptied", "another key", "no key at all"))
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")


def _all_breaks(home: Path, tries: int, break_it: Callable[[str], None], ways: tuple[str, ...]) -> Outcome:
    path, phrase = home / "emoasst.sqlite", new_phrase()
    with Database(path) as database:
        save_session(database, random_session(0, session_id="kept"))
    Keys(home).set_phrase(phrase)
    assert Keys(home).place == "in this computer's keychain"
    refused = unchanged = opened = 0
    for number in range(tries):
        how = ways[number % len(ways)]
        before = path.read_bytes(), sorted(file.name for file in home.glob("emoasst*"))
        break_it(how)
        keys_module._opened.clear()
        try:
            Database(path).close()
        except KeyLostError:
            refused += 1
        unchanged += (path.read_bytes(), sorted(file.name for file in home.glob("emoasst*"))) == before
        if how == "locked":
            break_it("unlocked")
        Keys(home).unlock_with_phrase(phrase)
        keys_module._opened.clear()
        with Database(path) as database:
            opened += [info.session_id for info in list_sessions(database)] == ["kept"]
    figure = f"{refused} refused, {unchanged} unchanged, {opened} opened by the phrase, of {tries} ({', '.join(ways)})"
    return Outcome(refused == unchanged == opened == tries, figure, MARK, tries)


def _break_file(kept: Path, how: str) -> None:
    name = next(iter(json.loads(kept.read_text())))
    if how == "emptied":
        kept.unlink()
    elif how == "locked":
        kept.with_suffix(".locked").touch()
    elif how == "unlocked":
        kept.with_suffix(".locked").unlink()
    else:
        kept.write_text(json.dumps({name: secrets.token_hex(32) if how == "another key" else "no key"}))


@contextmanager
def _backend(name: str, kept: Path) -> Iterator[None]:
    """This process asks that keychain, whatever the machine has."""
    import keyring.core

    before = {key: os.environ.get(key) for key in ("EMOASST_KEYS", "EMOASST_HOME", PLACE, "PYTHON_KEYRING_BACKEND")}
    os.environ |= {"EMOASST_KEYS": "keychain", "EMOASST_HOME": str(kept.parent), PLACE: str(kept), "PYTHON_KEYRING_BACKEND": name}
    used = keyring.get_keyring()
    keyring.core.init_backend()
    keys_module._opened.clear()
    try:
        yield
    finally:
        keyring.set_keyring(used)
        for key, value in before.items():
            os.environ.pop(key, None) if value is None else os.environ.update({key: value})


ROWS = (
    Row("keychain emptied, locked, or with another key", keychain_breaks, 4, 100),
    Row("the same with GNOME's keychain", secret_service_breaks, 0, 30),
)
