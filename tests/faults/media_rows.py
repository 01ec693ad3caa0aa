"""Faults of recordings: kills, flipped bits, files that were changed to harm."""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import time
from pathlib import Path

from emoasst_core.errors import DamagedError
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sealed_file import SealedReader
from emoasst_core.store.sessions import list_sessions
from tests import media
from tests.faults.power_rows import reached_s, readable_s
from tests.faults.row import ROOT, Outcome, Row, child, done_of, each_try, kill, not_run

sys.path.insert(0, str(ROOT / "tests" / "core" / "session"))
import bombs

KEY = bytes(32)


def killed_while_recording(home: Path, tries: int) -> Outcome:
    """Kill the recording process at a random moment, then recover."""
    chance, away_s, behind_s, unreadable, rows_lost, offered = random.Random(2), [], 0.0, 0, 0, 0
    for number in each_try(tries):
        path = home / f"{number}" / "emoasst.sqlite"
        with child("record", path, home=home) as process:
            deadline, said = None, []
            for line in process.stdout:
                said.append(line.split())
                if said[-1] == ["captured", "20.0"] and deadline is None:
                    break  # the machine is so busy that nothing has been encoded to the end yet
                if deadline is None and said[-1][0] == "taken":
                    deadline = time.monotonic() + 1.5 + chance.uniform(0, 1.5)
                if deadline is not None and time.monotonic() > deadline:
                    break
            kill(process)
            said += [line.split() for line in process.stdout]
        captured_s, handed_s = reached_s(said), max(float(words[1]) for words in said if words[0] == "captured")
        with Database(path) as database:
            vault = MediaVault(database)
            offered += vault.unfinished() == ["killed"]
            vault.recover("killed")
            kept_s = readable_s(vault, "killed")
            behind_s = max(behind_s, handed_s - kept_s)
            if deadline is not None:
                unreadable += kept_s == 0
                away_s.append(captured_s - kept_s)
            there = {info.session_id for info in list_sessions(database)}
            rows_lost += sum(words[1] not in there for words in said if words[0] == "saved")
        shutil.rmtree(path.parent)
    mark = "1 s lost, 0 unreadable, 0 rows lost"
    if not away_s:
        return not_run("this machine is too busy to record at all", mark)
    worst_s, tries = max(away_s), done_of(tries)
    figure = (
        f"at most {worst_s:.2f} s lost (median {statistics.median(away_s):.2f}; "
        f"{behind_s:.2f} with what waited for a busy processor), "
        f"{unreadable} unreadable, {rows_lost} rows lost, offered {offered} of {tries}"
    )
    passed = worst_s <= 1.0 and unreadable == rows_lost == 0 and offered == tries
    return Outcome(passed, figure, mark, tries)


def flipped_bits_in_media(home: Path, tries: int) -> Outcome:
    """Flip one bit of a recording, or cut it off; no changed byte may come out."""
    from emoasst_core.store.sealed_file import SealedWriter

    path, chance, noticed = home / "a.emav", random.Random(4), 0
    writer = SealedWriter(path, KEY)
    for _ in range(20):
        writer.write(chance.randbytes(chance.randrange(1, 20_000)))
    writer.finish()
    whole = path.read_bytes()
    for number in range(tries):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(changed) if number % 2 else whole[: chance.randrange(len(whole))])
        try:
            with SealedReader(path, KEY) as reader:
                reader.read()
        except DamagedError:
            noticed += 1
    return Outcome(noticed == tries, f"{noticed} of {tries} noticed", "100 % detected", tries)


def hostile_media(home: Path, tries: int) -> Outcome:
    """Change bytes of a short film at random and decode it in a process with limits."""
    kinds = ("mkv", "mp4", "wav", "flac", "ivf")
    whole = {kind: _short(home / f"film.{kind}") for kind in kinds}
    chance = random.Random(5)
    counts, crashes, escaped = {"read": 0, "refused": 0}, 0, []
    for first in each_try(tries, 200):
        folder = home / "mutated"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number in range(first, min(tries, first + 200)):
            kind = kinds[number % len(kinds)]
            changed = bytearray(whole[kind])
            for _ in range(chance.randrange(1, 12)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            (folder / f"{number:05d}.{kind}").write_bytes(changed[: chance.randrange(len(changed) // 2, len(changed) + 1)])
        with child("decode", folder, home=home) as process:
            lines = process.stdout.read().splitlines()
            crashes += process.wait() != 0
        for line in lines:
            counts[line] = counts.get(line, 0) + 1
            escaped += [line] * line.startswith("escaped")
    for line in escaped[:20]:
        sys.stderr.write(f"{line}\n")
    tries = done_of(tries)
    figure = f"{crashes} crashes, {len(escaped)} errors not told as ours; {counts['read']} read, {counts['refused']} refused"
    passed = crashes == 0 and not escaped and counts["read"] + counts["refused"] == tries
    return Outcome(passed, f"{figure} ({', '.join(kinds)})", "0 crashes", tries)


def _short(path: Path) -> bytes:
    """Half a second of picture and sound, or of what its kind holds."""
    if path.suffix == ".wav":
        media.sound_only(path, 0.5)
    elif path.suffix == ".flac":
        bombs.endless_silence(path, 10)
    elif path.suffix == ".ivf":
        bombs.endless_film(path, 20, step_us=100_000)
    else:
        media.talking_ramp(path, 0.5)
    return path.read_bytes()


ROWS = (
    Row("kill -9 while recording", killed_while_recording, 1, 100, is_timed=True),
    Row("bit flips and cuts in media", flipped_bits_in_media, 60, 400),
    Row("mutated media", hostile_media, 100, 10_000),
)
