from __future__ import annotations

from pathlib import Path

import numpy as np

from app.start_check import recover_recordings
from emoasst_core.cli import main
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault


def test_one_damaged_recording_does_not_keep_the_others_from_being_recovered(home: Path, capsys) -> None:
    path = home / "emoasst.sqlite"
    with Database(path) as database:
        vault = MediaVault(database)
        for session_id in ("a", "b"):
            writer = vault.record(session_id)
            for number in range(30):
                writer.frame(Frame(number / 10, np.full((48, 64, 3), 5 * number, np.uint8)))
                writer.sound(AudioBlock(number / 10, np.zeros(1600, np.float32)))
        (broken,) = vault.session_folder("a").iterdir()
        broken.write_bytes(b"X" + broken.read_bytes()[1:])
    said = recover_recordings(path, ("a", "b"))
    assert " s of picture and sound were saved." in said and "1 damaged and left as it is" in said
    with Database(path) as database:
        assert MediaVault(database).unfinished() == ["a"]
    assert main(["data", "recover"]) == 0
    assert "Left as they are: a." in capsys.readouterr().out


def test_a_recording_that_broke_off_is_seen_from_its_first_picture_and_it_is_said_that_nothing_was_read(drive, home) -> None:
    path = home / "emoasst.sqlite"
    with Database(path) as database:
        writer = MediaVault(database).record("broke-off")
        for number in range(30):  # the camera came two seconds late, and there was no microphone
            writer.frame(Frame(2.0 + number / 10, np.full((48, 64, 3), 5 * number, np.uint8)))
    recover_recordings(path, ("broke-off",))

    def script(window):
        review = window.review_page
        window.open_session("broke-off")
        yield lambda: review.view.picture.frame is not None
        assert review.player.position_s == 2.0 and abs(review.view.picture.frame.time_s - 2.0) < 0.05
        assert "It broke off before that was kept." in review.view.notice.text
        assert not review.view.why_button.isEnabled()
        review.explain()
        window.go_home()

    drive(script)
