"""Files from outside that were made to harm: archives, model folders, films; and the network that must not be there."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from emoasst_core.encoders.checkpoints import load_weights
from emoasst_core.errors import ModelError, StoreError
from emoasst_core.review.archive import MANIFEST, read_archive, write_archive
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import list_sessions, save_session
from tests.faults.row import ROOT, Outcome, Row, done_of, each_try

sys.path.insert(0, str(ROOT / "tests" / "core" / "store"))
from session_records import random_session

Change = Callable[[dict[str, bytes]], list[tuple[zipfile.ZipInfo, bytes]]]
OUTSIDE = "outside.txt"
NAMES = (  # each would lead out of the folder, or to a device, on one system or another
    "../outside.txt", "../../outside.txt", "files/../../outside.txt", "files/s1/../../../outside.txt", "/tmp/outside.txt",
    "files//etc/passwd", "C:\\outside.txt", "files\\..\\..\\outside.txt", "files/s1/CON", "files/s1/NUL.txt", "files/s1/aux",
    "files/s1/com1.csv", "files/s1/name\0.csv", "files/s1/ name", "files/s1/name.", "files/./x", "files/s1/a:b",
    "tables/../../x.jsonl", "manifest.json/x", "\\\\server\\share\\x", "files/s1/" + "a" * 300, "files/" + "d/" * 200 + "x",
)  # fmt: skip


def hostile_archives(home: Path, tries: int) -> Outcome:
    """Import archives that lead elsewhere, unpack too large, or were changed at random; nothing may be written or kept."""
    good = home / "good.zip"
    with Database(home / "a" / "emoasst.sqlite") as database:
        save_session(database, random_session(0, session_id="s1", num_spans=20))
        (home / "files" / "s1").mkdir(parents=True)
        (home / "files" / "s1" / "timeline.csv").write_text("time,cue\n")
        write_archive(database, good, home / "files", with_files=True)
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    made = [*_made_by_hand(parts, is_full=tries >= 500), *_changed_at_random(good.read_bytes(), tries)]
    escaped, taken, told = [], 0, 0
    Database(home / "empty.sqlite").close()
    for number in each_try(len(made)):
        data = made[number]
        place = home / "room" / "inner"
        shutil.rmtree(place.parent, ignore_errors=True)
        place.mkdir(parents=True)
        (place / "hostile.zip").write_bytes(data)
        shutil.copyfile(home / "empty.sqlite", place / "emoasst.sqlite")
        with Database(place / "emoasst.sqlite") as database:
            before = _files_of(home)
            try:
                read_archive(place / "hostile.zip", database, place / "sessions")
                taken += 1  # a change that changed nothing; the rows are as they were
                whole = len(list_sessions(database)) == 1 and not database.faults()
            except StoreError:
                told += 1
                whole = not list_sessions(database) and not (place / "sessions").exists()
            except Exception as error:
                escaped.append(f"{number}: {type(error).__name__} {error}")
                continue
            new = {path for path in _files_of(home) - before if not path.is_relative_to(place / "sessions")}
            new = {path for path in new if not path.name.startswith("emoasst.sqlite")}
            if new or not whole or Path("/tmp", OUTSIDE).exists():
                escaped.append(f"{number}: wrote {new}, whole {whole}")
    for line in escaped[:5]:
        sys.stderr.write(f"{line}\n")
    figure = f"{told} refused, {taken} harmless, {len(escaped)} escapes or errors not told as ours, of {done_of(len(made))}"
    return Outcome(not escaped, figure, "0 code run, 0 escapes, 0 crashes", done_of(len(made)))


def _files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


def _made_by_hand(parts: dict[str, bytes], is_full: bool) -> list[bytes]:
    manifest = json.loads(parts[MANIFEST])
    table = next(name for name in parts if name.startswith("tables/"))
    made = [_zipped({**parts, name: b"harm"}) for name in NAMES]
    made += [_zipped(_listed(parts, manifest, name, b"harm")) for name in NAMES]  # with a manifest that names them
    link = zipfile.ZipInfo("files/s1/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    pipe = zipfile.ZipInfo("files/s1/pipe")
    pipe.external_attr = (stat.S_IFIFO | 0o666) << 16
    made += [_zipped(_listed(parts, manifest, one.filename, b"/etc"), one) for one in (link, pipe)]
    made.append(_zipped(_listed(parts, manifest, "files/s1/bomb", bytes((300 if is_full else 20) << 20))))
    made.append(_zipped(_listed(parts, manifest, table, bytes(10 << 20))))
    made.append(_zipped(_listed(parts, manifest, table, b"[" * 1_000_000)))
    made.append(_zipped(_listed(parts, manifest, table, b'{"a": ' * 10_000)))
    rows = ({"rows": {table[7:-6]: number}} for number in (10**18, -1))
    changes: tuple[dict[str, object], ...] = (*rows, {"schema": 10**9}, {"parts": {}}, {"parts": []}, {"rows": None})
    for change in changes:
        made.append(_zipped({**parts, MANIFEST: json.dumps({**manifest, **change}).encode()}))
    made += [_zipped({**parts, MANIFEST: text}) for text in (b"", b"[]", b"null", b"[" * 100_000, b"\xff\xfe", b'{"a":' * 5000)]
    if is_full:
        made.append(_zipped({**parts, **{f"files/s1/{number}": b"" for number in range(100_001)}}))
    return made


def _listed(parts: dict[str, bytes], manifest: dict[str, object], name: str, data: bytes) -> dict[str, bytes]:
    """With the part in the list of contents, size and hash right."""
    import hashlib

    listed = {**manifest["parts"], name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}}
    return {**parts, name: data, MANIFEST: json.dumps({**manifest, "parts": listed}).encode()}


def _zipped(parts: dict[str, bytes], special: zipfile.ZipInfo | None = None) -> bytes:
    import io

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            is_special = special is not None and name == special.filename
            archive.writestr(special if is_special else name, data)
    return target.getvalue()


def _changed_at_random(whole: bytes, tries: int) -> list[bytes]:
    chance, made = random.Random(8), []
    for _ in range(tries):
        changed = bytearray(whole)
        for _ in range(chance.randrange(1, 9)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        made.append(
            bytes(changed[: chance.randrange(len(changed) // 2, len(changed) + 1)]) if chance.random() < 0.3 else bytes(changed)
        )
    return made


def hostile_weights(home: Path, tries: int) -> Outcome:
    """Weights that carry code, claim a huge size, or were changed at random."""
    import pickle

    from safetensors.numpy import save

    flag, chance, escaped, told = home / "code-was-run", random.Random(9), [], 0
    good = save({"a": __import__("numpy").ones((8, 8), "float32")})
    harm = pickle.dumps(_Harm(flag))
    huge = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40, 1 << 20], "data_offsets": [0, 1 << 62]}}).encode()
    made = [
        harm,
        b"PK\x03\x04" + harm,
        (1 << 62).to_bytes(8, "little") + good,
        len(huge).to_bytes(8, "little") + huge,
        b"",
        bytes(7),
    ]
    for _ in range(tries):
        changed = bytearray(good)
        changed[chance.randrange(72)] = chance.randrange(256)
        made.append(bytes(changed[: chance.randrange(1, len(good) + 1)]) if chance.random() < 0.5 else bytes(changed))
    (home / "good.safetensors").write_bytes(good)
    assert load_weights(home / "good.safetensors")["a"].sum() == 64
    for data in made:
        (home / "model.safetensors").write_bytes(data)
        try:
            load_weights(home / "model.safetensors")
        except ModelError:
            told += 1
        except Exception as error:
            escaped.append(f"{type(error).__name__} {error}")
    for line in escaped[:5]:
        sys.stderr.write(f"{line}\n")
    figure = f"{told} refused, {len(escaped)} errors not told as ours, code run: {flag.exists()}, of {len(made)}"
    return Outcome(not escaped and not flag.exists(), figure, "0 code run, 0 crashes", len(made))


class _Harm:
    def __init__(self, flag: Path) -> None:
        self._flag = flag

    def __reduce__(self):
        return os.mkdir, (str(self._flag),)


def film_bombs(home: Path, tries: int) -> Outcome:
    """Small films that claim to be huge or endless go through `emoasst analyze`: an error or an end, never a hang."""
    import subprocess
    import time

    sys.path.insert(0, str(ROOT / "tests" / "core" / "session"))
    import bombs

    os.mkfifo(home / "pipe.mp4")
    made = {
        bombs.huge_picture(home / "huge.y4m"): 2,
        bombs.huge_picture(home / "large.y4m", 8191): 2,
        home / "pipe.mp4": 2,
        Path("/dev/zero"): 2,
    }
    wrong, slowest_s = [], 0.0
    for path, expected in list(made.items())[:tries]:
        began = time.monotonic()
        command = [sys.executable, "-m", "emoasst_core.cli", "analyze", str(path), "--out", str(home / "out"), "--no-words"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        slowest_s = max(slowest_s, time.monotonic() - began)
        if result.returncode != expected or "Traceback" in result.stderr:
            wrong.append(f"{path.name}: exit {result.returncode}: {result.stderr[-300:]}")
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    figure = f"{len(wrong)} not told in words, the slowest {slowest_s:.0f} s, of {min(tries, len(made))}"
    return Outcome(not wrong, figure, "a message, no hang", min(tries, len(made)))


ROWS = (
    Row("hostile archives", hostile_archives, 20, 2000),
    Row("hostile weights", hostile_weights, 60, 2000),
    Row("films that claim to be huge", film_bombs, 0, 4),
)
