"""Picture and sound of an encrypted recording through the real player: together, at half speed, and stepped."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app import sound_output
from app.player import Player
from emoasst_core.session.playback_source import Stretch
from emoasst_core.session.sound_format import BYTES_PER_S, RATE_HZ
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sealed_file import SealedReader

sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "session"))
from test_sound_reader import SILENT_UNTIL_S, feed


class TimedOutput:
    """A loudspeaker without air: takes 0.2 s ahead and "plays" it at the speed of the clock."""

    def __init__(self):
        self.heard, self._taken, self._started, self.num_starts = bytearray(), 0, None, 0

    def start(self):
        self.heard.clear()
        self._taken, self._started = 0, time.monotonic()
        self.num_starts += 1

    def stop(self):
        self._started = None

    def write(self, samples):
        self.heard += samples
        self._taken += len(samples)
        return len(samples)

    @property
    def waiting_bytes(self):
        if self._started is None:
            return 0
        return max(0, self._taken - int((time.monotonic() - self._started) * BYTES_PER_S))

    @property
    def free_bytes(self):
        return 0 if self._started is None else max(0, int(0.2 * BYTES_PER_S) - self.waiting_bytes) // 4 * 4

    def samples(self):
        return np.frombuffer(bytes(self.heard), np.int16)[::2].astype(float)


@pytest.fixture
def output(monkeypatch):
    made = TimedOutput()
    monkeypatch.setattr(sound_output, "open_output", lambda _parent: made)
    return made


@pytest.fixture
def source(tmp_path):
    with Database(tmp_path / "emoasst.sqlite") as database:
        writer = MediaVault(database).record("kept")
        feed(writer, 3.0)
        writer.close()
        path, key = MediaVault(database).path("kept", 1), MediaVault(database).segment_key("kept", 1)
    return (Stretch(0.0, lambda: SealedReader(path, key), 3.0),)


@pytest.fixture
def player(source, output):
    application = QApplication.instance() or QApplication(["emoasst"])
    made = Player()
    made.open(source, 3.0)
    yield made
    made.close()
    made.deleteLater()
    application.processEvents()


def wait(is_done, patience_s=30.0):
    until = time.monotonic() + patience_s
    while not is_done():
        QApplication.processEvents()
        assert time.monotonic() < until
        time.sleep(0.002)


def test_the_tone_is_heard_when_the_bright_picture_is_shown(player, output):
    seen = []
    player.frame_shown.connect(lambda frame: seen.append((frame.image.mean() > 120, player._sound.position_s, frame.time_s)))
    player.play_between(0.5, 2.6)
    wait(lambda: not player.is_playing)
    tone_s = 0.5 + np.flatnonzero(np.abs(output.samples()) > 3000)[0] / RATE_HZ
    assert tone_s == pytest.approx(SILENT_UNTIL_S, abs=0.03)
    assert any(is_bright for is_bright, _, _ in seen) and not all(is_bright for is_bright, _, _ in seen)
    assert [is_bright for is_bright, _, time_s in seen if time_s > SILENT_UNTIL_S + 0.1 or time_s < SILENT_UNTIL_S - 0.1] == [
        time_s > SILENT_UNTIL_S for _, _, time_s in seen if time_s > SILENT_UNTIL_S + 0.1 or time_s < SILENT_UNTIL_S - 0.1
    ]
    behind = [heard_s - time_s for _, heard_s, time_s in seen[2:]]
    assert float(np.median(behind)) < 0.15, behind  # the picture on screen is that of the sound


def test_half_speed_is_heard_at_half_speed_and_a_seek_is_followed(player, output):
    player.set_rate(0.5)
    player.play_between(1.2, 2.0)
    wait(lambda: not player.is_playing)
    tone_s = np.flatnonzero(np.abs(output.samples()) > 3000)[0] / RATE_HZ
    assert tone_s == pytest.approx(2 * (SILENT_UNTIL_S - 1.2), abs=0.1)
    player.set_rate(1.0)
    starts = output.num_starts
    player.play_between(2.0, 2.9)
    wait(lambda: output.num_starts > starts and len(output.heard) > 20_000)
    player.seek(0.2)
    wait(lambda: output.num_starts > starts + 1 and len(output.heard) > 20_000)
    assert np.abs(output.samples()).max() < 500
    player.pause()
    assert output.free_bytes == 0


def test_one_picture_at_a_time_from_file_to_file(tmp_path, output):
    from emoasst_core.session.picture_seeker import StretchSeeker

    with Database(tmp_path / "emoasst.sqlite") as database:
        writer = MediaVault(database).record("kept")
        feed(writer, 1.0)
        writer.close()
        vault = MediaVault(database)
        seeker = StretchSeeker([Stretch(start_s, lambda: vault.open("kept", 1), start_s + 1.0) for start_s in (0.0, 5.0)])
        times = [seeker.step(0.0, 0).time_s]
        while len(times) < 40:
            times.append(seeker.step(times[-1], 1).time_s)
        forward = sorted(set(times))
        back = [forward[-1]]
        while back[-1] > 0 and len(back) < 60:
            back.append(seeker.step(back[-1], -1).time_s)
        seeker.close()
    assert len(forward) == 30 and forward[15] == pytest.approx(5.0, abs=0.01)
    assert back[::-1] == pytest.approx(forward, abs=1e-3)


def test_a_moment_of_which_nothing_was_kept_shows_no_old_picture(player, output):
    said = []
    player.nothing_kept.connect(lambda _words: said.append(player.position_s))
    player.open(player._source, 60.0)
    player.seek(40.0)
    assert said == [40.0]


def test_a_recording_that_begins_a_moment_late_is_seen_from_the_start_and_nothing_stale_is_said(player, output):
    (whole,) = player._source
    said = []
    player.nothing_kept.connect(lambda _words: said.append("nothing"))
    player.looking.connect(lambda: said.append("looking"))
    player.open((replace(whole, start_s=0.2, end_s=3.2),), 60.0)
    assert said == ["looking"]
    player.seek(40.0)
    player.seek(1.0)
    player.seek(2.0)
    assert said == ["looking", "nothing", "looking"]


def test_a_recording_whose_first_picture_comes_late_opens_there_and_before_it_the_moment_is_named(player, output):
    (whole,) = player._source
    said, shown = [], []
    player.nothing_kept.connect(said.append)
    player.frame_shown.connect(lambda frame: shown.append(frame.time_s))
    player.open((replace(whole, start_s=4.0, end_s=7.0), replace(whole, start_s=30.0, end_s=33.0)), 60.0)
    wait(lambda: shown)
    assert player.position_s == shown[0] == 4.0 and said == []
    player.seek(0.0)
    player.seek(12.0)
    player.seek(50.0)
    assert said == [
        "No picture was kept of this moment. The next one is at 0:04.0.",
        "No picture was kept of this moment. The next one is at 0:30.0.",
        "No picture was kept of this moment.",
    ]
    player.seek(5.0)
    wait(lambda: shown[-1] > 4.9)
