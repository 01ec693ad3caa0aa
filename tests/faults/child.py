"""What the killed processes do: started by the rows with the task as the first argument."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def record(path: str, length_s: str = "60", is_paced: str = "") -> None:
    """Record a synthetic camera and microphone in real time, or as fast as it is kept if `is_paced`; tell each moment.

    "captured" is what was handed over; "taken" is what the encoder has, nothing waiting any more for a busy processor.
    """
    from session_records import random_session

    from emoasst_core.datatypes import AudioBlock, Frame
    from emoasst_core.session.recorder import Recorder
    from emoasst_core.store.database import Database
    from emoasst_core.store.sessions import save_session

    with Database(Path(path)) as database:
        recorder = Recorder(Path(path), "killed")
        rng = np.random.default_rng(0)
        image = rng.integers(0, 255, (240, 320, 3), np.uint8)
        began = time.monotonic()
        for number in range(round(10 * float(length_s))):
            now_s = number / 10
            recorder.frame(Frame(now_s, np.roll(image, number, 1)))
            recorder.sound(AudioBlock(now_s, rng.standard_normal(1600).astype(np.float32) / 8))
            if number % 5 == 0:
                save_session(database, random_session(number, session_id=f"row-{number}"))
                say(f"saved row-{number}")
            say(f"captured {now_s + 0.1:.1f}")
            while is_paced and recorder._waiting:
                time.sleep(0.002)
            time.sleep(max(0.0, began + now_s + 0.1 - time.monotonic()))
            if not recorder._waiting:
                say(f"taken {now_s + 0.1:.1f}")
        recorder.close()


def migrate(path: str) -> None:
    from emoasst_core.store import schema
    from emoasst_core.store.database import Database

    filling = "INSERT INTO half SELECT value FROM json_each('[' || rtrim(replace(hex(zeroblob(60000)), '00', '1,'), ',') || ']');"
    schema.MIGRATIONS = (*schema.MIGRATIONS, "CREATE TABLE half (number INTEGER) STRICT;" + filling * 20)
    say("started")
    Database(Path(path)).close()
    say("done")


def back_up(path: str) -> None:
    from emoasst_core.store.backup import back_up as write
    from emoasst_core.store.database import Database

    with Database(Path(path)) as database:
        say("started")
        while True:
            write(database, Path(path).with_name("copy.sqlite"))


def settings(path: str) -> None:
    from PySide6.QtCore import QCoreApplication

    from app.background import Background
    from app.preferences import Preferences

    application = QCoreApplication([])
    preferences = Preferences(Path(path), Background())
    number = 0
    while True:
        number += 1
        preferences.change(last_folder=f"{number}", camera_id=f"{number}", microphone_id=f"{number}")
        say(f"changed {number}")
        application.processEvents()


def decode(folder: str) -> None:
    """Decode each file of a folder under the limits of the product; a crash of this process is what the row looks for."""
    from emoasst_core.capture.media_file import MediaFile
    from emoasst_core.errors import MediaError
    from emoasst_core.session.decoding_limits import limit_this_process
    from emoasst_core.session.process_wall import wall_off_this_process

    limit_this_process()
    wall_off_this_process()
    for path in sorted(Path(folder).iterdir()):
        try:
            for _ in MediaFile(path):
                pass
        except MediaError:
            say("refused")
        except Exception as error:
            import traceback

            places = ", ".join(f"{one.name}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__)[-4:])
            say(f"escaped {type(error).__name__} {path.name}: {error} ({places})")
        else:
            say("read")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
