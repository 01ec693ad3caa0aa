from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from emoasst_core.datatypes import AudioBlock
from emoasst_core.errors import EmoAsstError, ModelError
from emoasst_core.session import reading_thread
from emoasst_core.session.face_watch import LookedAt
from emoasst_core.session.reading_thread import ReadingThread

WAIT_S = 20.0


class GatedReader:
    """Reads a thing only when the gate is open."""

    def __init__(self, error: EmoAsstError | None = None) -> None:
        self.gate = threading.Event()
        self.fed: list[tuple[float, bool]] = []
        self._error = error

    def feed(self, item: LookedAt | AudioBlock, is_behind: bool = False) -> list:
        assert self.gate.wait(WAIT_S)
        if self._error is not None:
            raise self._error
        self.fed.append((item.start_s if isinstance(item, AudioBlock) else item.time_s, is_behind))
        return []


def picture(time_s: float) -> LookedAt:
    return LookedAt(time_s, (), (), (), ())


def sound(time_s: float) -> AudioBlock:
    return AudioBlock(time_s, np.zeros(1600, np.float32))


def wait_for(is_so) -> None:
    end_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end_s, "what was waited for did not happen"
        time.sleep(0.005)


def test_handing_on_never_waits_for_the_reading_and_everything_is_read_in_order() -> None:
    reader, answers = GatedReader(), []
    reading = ReadingThread(reader, lambda item, _events: answers.append(item), pytest.fail)
    items = [picture(0.1), sound(0.15), picture(0.2), sound(0.25), picture(0.3)]
    for item in items:
        reading.put(item)  # the gate is shut: nothing is read yet
    assert answers == []
    reader.gate.set()
    reading.close()
    assert answers == items
    assert [time_s for time_s, _ in reader.fed] == [0.1, 0.15, 0.2, 0.25, 0.3]


def test_only_the_last_of_the_pictures_that_wait_is_told_to_be_the_newest() -> None:
    reader = GatedReader()
    reading = ReadingThread(reader, lambda _item, _events: None, pytest.fail)
    for item in (sound(0.0), picture(0.1), picture(0.2), sound(0.25), picture(0.3), sound(0.35)):
        reading.put(item)
    reader.gate.set()
    reading.close()
    assert reader.fed == [(0.0, False), (0.1, True), (0.2, True), (0.25, False), (0.3, False), (0.35, False)]


def test_an_error_is_told_once_and_nothing_is_read_after_it() -> None:
    reader, failures = GatedReader(ModelError("The tower is damaged.")), []
    reading = ReadingThread(reader, lambda _item, _events: pytest.fail("read after an error"), failures.append)
    reading.put(picture(0.1))
    reading.put(picture(0.2))
    reader.gate.set()
    reading.close()
    reading.put(picture(0.3))
    assert [str(failure) for failure in failures] == ["The tower is damaged."]


def test_the_search_waits_where_the_reading_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_thread, "MOST_WAITING", 3)
    reader = GatedReader()
    reading = ReadingThread(reader, lambda _item, _events: None, pytest.fail)
    done: list[int] = []

    def hand_on() -> None:
        for number in range(10):
            reading.put(picture(number / 10))
            done.append(number)

    thread = threading.Thread(target=hand_on)
    thread.start()
    wait_for(lambda: len(done) >= 3)
    time.sleep(0.1)
    assert len(done) <= 4  # one may be in the reader's hands
    reader.gate.set()
    thread.join(WAIT_S)
    reading.close()
    assert len(reader.fed) == 10


def test_discarding_leaves_what_waits_unread() -> None:
    reader = GatedReader()
    reading = ReadingThread(reader, lambda _item, _events: None, pytest.fail)
    for number in range(5):
        reading.put(picture(number / 10))
    closing = threading.Thread(target=reading.close, kwargs={"discard": True})
    closing.start()
    wait_for(lambda: not reading._waiting)
    reader.gate.set()
    closing.join(WAIT_S)
    assert len(reader.fed) <= 1
