"""The sound of kept recordings from any moment: exact, gapless, slower at the same pitch, and never on the disk in plain."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame, Timeline
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.picture_seeker import StretchSeeker
from emoasst_core.session.playback_source import Stretch
from emoasst_core.session.recorder import MAX_FRAMES, Recorder
from emoasst_core.session.sound_format import BYTES_PER_S, RATE_HZ
from emoasst_core.session.sound_playback import SoundPlayback
from emoasst_core.session.sound_reader import SourceSound
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.recording_writer import RecordingWriter
from emoasst_core.store.sessions import SessionRecord, save_session

TONE_HZ = 440.0
SILENT_UNTIL_S = 1.5  # picture turns bright and the tone begins at the same moment
LENGTH_S = 4.0
written_to: list[str] | None = None


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and written_to is not None and len(arguments) > 1:
        path, mode = arguments[0], arguments[1]
        if isinstance(path, str | Path) and isinstance(mode, str) and set(mode) & set("wax+"):
            written_to.append(str(path))


sys.addaudithook(_listen)


def feed(sink: Recorder | RecordingWriter, length_s: float = LENGTH_S) -> None:
    for number in range(round(length_s * 30)):
        now_s = number / 30
        while getattr(sink, "_num_frames", 0) > MAX_FRAMES // 2:  # a camera is not this quick: nothing is to be dropped here
            time.sleep(0.005)
        sink.frame(Frame(now_s, np.full((120, 160, 3), 20 if now_s < SILENT_UNTIL_S - 1e-6 else 220, np.uint8)))
        if number % 3 == 0:
            times = now_s + np.arange(SAMPLE_RATE_HZ // 10) / SAMPLE_RATE_HZ
            tone = 0.5 * np.sin(2 * np.pi * TONE_HZ * times) * (times >= SILENT_UNTIL_S)
            sink.sound(AudioBlock(now_s, tone.astype(np.float32)))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Database, tuple[Stretch, ...]]]:
    """A session as the recorder keeps it, encrypted."""
    path = tmp_path / "emoasst.sqlite"
    with Database(path) as database:
        save_session(
            database,
            SessionRecord("kept", "", datetime.now(UTC), LENGTH_S, "starter", "hash", Timeline("", LENGTH_S, ()), ()),
        )
        recorder = Recorder(path, "kept")
        feed(recorder)
        recorder.close()
        recorder.join()
        assert recorder.failure is None
        from emoasst_core.store.sessions import get_session

        source = media_of(database, get_session(database, "kept"))
        assert isinstance(source, tuple)
        yield database, source


def heard(source: object, from_s: float, speed: float = 1.0) -> np.ndarray:
    sound = SourceSound(source)  # type: ignore[arg-type]
    samples = np.concatenate(list(sound.samples(from_s, speed)))
    sound.close()
    return samples[:, 0].astype(float)


def onset_s(samples: np.ndarray) -> float:
    return float(np.flatnonzero(np.abs(samples) > 3000)[0]) / RATE_HZ


def pitch_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE_HZ / len(samples))


@pytest.mark.parametrize("from_s", [0.0, 0.7, 1.37])
def test_the_tone_of_an_encrypted_recording_begins_when_its_picture_turns_bright(
    kept: tuple[Database, tuple[Stretch, ...]], from_s: float
) -> None:
    samples = heard(kept[1], from_s)
    assert from_s + onset_s(samples) == pytest.approx(SILENT_UNTIL_S, abs=0.03)
    assert len(samples) / RATE_HZ == pytest.approx(LENGTH_S - from_s, abs=0.1)
    assert pitch_hz(samples[-RATE_HZ:]) == pytest.approx(TONE_HZ, abs=2)
    seeker = StretchSeeker(kept[1])
    before, after = (seeker.step(time_s, 0) for time_s in (SILENT_UNTIL_S - 0.1, SILENT_UNTIL_S + 0.1))
    seeker.close()
    assert before is not None and after is not None and before.image.mean() < 60 < 180 < after.image.mean()


def test_half_speed_takes_twice_as_long_at_the_same_pitch(kept: tuple[Database, tuple[Stretch, ...]]) -> None:
    samples = heard(kept[1], 1.0, 0.5)
    assert len(samples) / RATE_HZ == pytest.approx(2 * (LENGTH_S - 1.0), abs=0.25)
    assert onset_s(samples) == pytest.approx(2 * (SILENT_UNTIL_S - 1.0), abs=0.08)
    assert pitch_hz(samples[3 * RATE_HZ : 4 * RATE_HZ]) == pytest.approx(TONE_HZ, abs=3)


def test_there_is_no_click_between_the_packets(kept: tuple[Database, tuple[Stretch, ...]]) -> None:
    steady = heard(kept[1], 2.0)[: round(1.5 * RATE_HZ)]
    largest_step = 2 * np.pi * TONE_HZ / RATE_HZ * np.abs(steady).max()
    assert np.abs(np.diff(steady)).max() < 1.3 * largest_step


def test_what_was_not_recorded_between_two_files_is_silence(kept: tuple[Database, tuple[Stretch, ...]]) -> None:
    (first,) = kept[1]
    samples = heard((first, Stretch(10.0, first.open)), 3.0)
    assert not np.abs(samples[round(1.2 * RATE_HZ) : round((7 + SILENT_UNTIL_S - 0.1) * RATE_HZ)]).max() > 300
    assert onset_s(samples[2 * RATE_HZ :]) + 5.0 == pytest.approx(10.0 + SILENT_UNTIL_S, abs=0.03)


def test_playing_ahead_opens_no_file_to_write_and_seeks_quickly(
    kept: tuple[Database, tuple[Stretch, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    global written_to
    faults: list[object] = []
    before = set(tmp_path.rglob("*"))
    playback = SoundPlayback(faults.append)
    written_to = []
    try:
        taken = b""
        playback.play(kept[1], 1.6)
        until = time.monotonic() + 20
        while not playback.is_over and time.monotonic() < until:
            taken += playback.take(9_600)
            time.sleep(0.005)
        opened = list(written_to)
    finally:
        written_to = None
        playback.close()
    assert faults == []
    assert len(taken) / BYTES_PER_S == pytest.approx(LENGTH_S - 1.6, abs=0.1)
    assert np.abs(np.frombuffer(taken, np.int16)).max() > 5000
    assert not [path for path in opened if "emoasst.sqlite" not in path]
    assert {path for path in tmp_path.rglob("*") if "sqlite" not in path.name} <= before


def test_another_moment_drops_what_was_decoded_for_the_one_before(kept: tuple[Database, tuple[Stretch, ...]]) -> None:
    playback = SoundPlayback(lambda _error: None)
    try:
        for from_s, is_loud in ((2.0, True), (0.0, False), (2.5, True)):
            playback.play(kept[1], from_s)
            until = time.monotonic() + 20
            while not playback.is_ready and time.monotonic() < until:
                time.sleep(0.005)
            loud = bool(np.abs(np.frombuffer(playback.take(9_600), np.int16)).max() > 3000)
            assert loud is is_loud
        playback.stop()
        assert playback.take(100) == b"" and playback.is_over
    finally:
        playback.close()


def test_a_five_minute_recording_is_sought_in_time(tmp_path: Path) -> None:
    with Database(tmp_path / "long.sqlite") as database:
        writer = MediaVault(database).record("long")
        feed(writer, 60.0)
        writer.close()
        vault = MediaVault(database)
        sound = SourceSound((Stretch(0.0, lambda: vault.open("long", 1)),))  # type: ignore[arg-type, return-value]
        next(sound.samples(1.0))
        took = []
        for from_s in (55.0, 3.0, 31.0, 44.5, 12.0):
            started = time.process_time()
            next(sound.samples(from_s))
            took.append(time.process_time() - started)
        sound.close()
    assert float(np.median(took)) < 0.2, took
