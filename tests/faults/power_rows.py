"""The power cut: database, keys and recording of a real session, as the disk holds them at any moment."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import av

from emoasst_core.errors import EmoAsstError
from emoasst_core.store import keys as keys_module
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import list_sessions
from tests.faults.disk_replay import Disk, can_trace, logged
from tests.faults.row import FOLDER, SECONDS_VARIABLE, Outcome, Row, child_environment, done_of, each_try, not_run

MARK = "0 rows lost, 0 corrupt, at most 2 s of media"
RECORDED_S = {True: 5.0, False: 12.0}  # few images need no long session
FEW = 50
PARTS = 15
CAUGHT_UP_S = 2.5  # from then on both picture and sound are being written


def power_cut(home: Path, tries: int) -> Outcome:
    """Cut the power at `tries` moments of a recorded session, each time starting again from what the disk holds."""
    if not can_trace():
        return not_run("strace is not here or may not be used", MARK)
    kept = home / "kept"
    kept.mkdir(parents=True)
    log = home / "writes.log"
    command = [sys.executable, str(FOLDER / "child.py"), "record", str(kept / "emoasst.sqlite"), "60", "paced"]
    logged(command, log, child_environment(kept), lambda line: line.startswith(f"taken {RECORDED_S[tries < FEW]}"), 180)
    lines = log.read_text("ascii", errors="replace").splitlines()
    chance, faults, rows_lost, worst_s = random.Random(0), [], 0, 0.0
    moments = sorted(chance.randrange(_first_row(lines), len(lines)) for _ in range(tries))
    if SECONDS_VARIABLE in os.environ:  # time may be short: a few from all of the session, again and again
        moments = [moment for first in range(PARTS) for moment in moments[first::PARTS]]
    disk, place, num_media = Disk(kept), 0, 0
    for number in each_try(tries):
        moment = moments[number]
        if moment < place:
            disk, place = Disk(kept), 0
        for line in lines[place:moment]:
            disk.follow(line)
        place = moment
        image = home / "image"
        shutil.rmtree(image, ignore_errors=True)
        disk.write_image(image, chance)
        try:
            lost, away_s = _survives(image, disk.said)
        except (EmoAsstError, AssertionError) as error:
            faults.append(f"image {number} (line {moment}): {error}")
            continue
        rows_lost += lost
        num_media += reached_s([line.split() for line in disk.said]) > CAUGHT_UP_S
        worst_s = max(worst_s, away_s)
    for fault in faults[:5]:
        sys.stderr.write(f"{fault}\n")
    tries = done_of(tries)
    lost = f"{rows_lost} rows lost, {len(faults)} corrupt, at most {worst_s:.2f} s of media lost"
    figure = f"{lost}, of {tries} images ({num_media} with media)"
    return Outcome(num_media > 0 and not faults and not rows_lost and worst_s <= 2, figure, MARK, tries)


def _first_row(lines: list[str]) -> int:
    """The line at which the first row was acknowledged."""
    saved = "".join(f"\\x{byte:02x}" for byte in b"saved row-0")
    return next(number for number, line in enumerate(lines) if saved in line) + 1


def _survives(image: Path, said: list[str]) -> tuple[int, float]:
    """(acknowledged rows that are not there, seconds of media that are not there) after a new start."""
    words = [line.split() for line in said]
    os.environ["EMOASST_HOME"] = str(image)
    keys_module._opened.clear()
    with Database(image / "emoasst.sqlite", create=False) as database:
        found = database.faults()
        assert not found, found[0]
        there = {info.session_id for info in list_sessions(database)}
        captured_s = reached_s(words)
        vault = MediaVault(database)
        for session_id in vault.unfinished():
            vault.recover(session_id)
        away_s = captured_s - readable_s(vault, "killed") if captured_s > CAUGHT_UP_S else 0.0
    return sum(one[1] not in there for one in words if one[0] == "saved"), away_s


def reached_s(words: list[list[str]]) -> float:
    """The moment to which all was handed to the encoder, or a tenth of a second later than the last that is known of."""
    handed_s = max((float(one[1]) for one in words if one[0] == "captured"), default=0.0)
    return min(handed_s, max((float(one[1]) for one in words if one[0] == "taken"), default=0.0) + 0.1)


def readable_s(vault: MediaVault, session_id: str) -> float:
    """The moment to which both picture and sound can be decoded; 0 if either is missing."""
    ends = {"video": 0.0, "audio": 0.0}
    for kind, end_s in _decoded(vault, session_id):
        ends[kind] = max(ends[kind], end_s)
    return min(ends.values())


def _decoded(vault: MediaVault, session_id: str) -> Iterator[tuple[str, float]]:
    for segment in vault.segments(session_id):
        for kind in ("video", "audio"):
            with vault.open(session_id, segment.number) as reader, av.open(reader) as film:
                streams = getattr(film.streams, kind)
                for frame in film.decode(streams[0]) if streams else ():
                    length = frame.samples / frame.sample_rate if kind == "audio" else 0.1
                    yield kind, segment.start_s + float(frame.time) + length


ROWS = (Row("power cut (database, keys, recording; replayed)", power_cut, 20, 750, is_timed=True),)
