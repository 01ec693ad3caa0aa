from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import EmoAsstError, StoreError
from emoasst_core.session import recorder as module
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.recorder import MAX_FRAMES, Recorder, recording_sinks
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.people import People

IMAGE = np.full((48, 64, 3), 90, np.uint8)
SILENCE = np.zeros(1600, np.float32)


def test_only_a_plan_that_keeps_the_session_opens_a_recorder(tmp_path: Path) -> None:
    open_sinks = recording_sinks(tmp_path / "a.sqlite")
    assert open_sinks("one", SessionPlan(("p-00c0ffee",))) == []
    assert list(tmp_path.iterdir()) == []
    (sink,) = open_sinks("one", SessionPlan(keeps_recording=True))
    sink.close()
    sink.join(20)


def test_a_recording_goes_with_a_person_who_was_said_to_be_there_though_never_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with Database(path) as database:
        person = People(database).add("Grandma", "adult")
    (sink,) = recording_sinks(path)("one", SessionPlan((person.person_id,), keeps_recording=True))
    sink.frame(Frame(0.0, IMAGE))
    sink.sound(AudioBlock(0.0, SILENCE))
    sink.close()
    sink.join(20)
    with Database(path) as database:
        assert MediaVault(database).recorded_sessions() == ["one"]
        People(database).forget(person.person_id)
        assert list(MediaVault(database).recorded_sessions()) == []


def test_what_is_handed_over_is_on_the_disk_after_close(tmp_path: Path) -> None:
    sink = Recorder(tmp_path / "a.sqlite", "one")
    for number in range(60):
        sink.frame(Frame(number / 30, IMAGE))
        if number % 3 == 0:
            sink.sound(AudioBlock(number / 30, SILENCE))
    sink.close()
    sink.join(60)
    assert (sink.frames_dropped, sink.blocks_dropped, sink.failure) == (0, 0, None)
    with Database(tmp_path / "a.sqlite") as database:
        (segment,) = MediaVault(database).segments("one")
    assert segment.end_s == pytest.approx(2.0, abs=0.1)


def test_a_slow_disk_holds_nobody_up_loses_no_sound_and_counts_the_pictures_it_drops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_free = threading.Event()
    heard: list[AudioBlock] = []

    class Slow:
        def frame(self, _frame: Frame) -> None:
            is_free.wait(60)

        def sound(self, block: AudioBlock) -> None:
            heard.append(block)

        def close(self) -> None:
            """Nothing to close."""

    monkeypatch.setattr("emoasst_core.store.media.MediaVault.record", lambda *_: Slow())
    sink = Recorder(tmp_path / "a.sqlite", "one")
    for number in range(MAX_FRAMES + 50):
        sink.frame(Frame(number / 30, IMAGE))
        sink.sound(AudioBlock(number / 10, SILENCE))
    is_free.set()
    sink.close()
    sink.join(60)
    assert sink.frames_dropped in (49, 50)  # one may be in the encoder's hands already
    assert len(heard) == MAX_FRAMES + 50


def test_a_failure_is_raised_by_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("The disk is full.", "Free some space.")

    monkeypatch.setattr("emoasst_core.store.media.MediaVault.record", refuse)
    sink = module.Recorder(tmp_path / "a.sqlite", "one")
    sink.join(20)
    with pytest.raises(EmoAsstError, match="disk is full"):
        sink.frame(Frame(0.0, IMAGE))
    sink.close()
