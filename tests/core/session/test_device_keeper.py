"""A device that stalls, breaks, comes back or is exchanged; the stand-in delivers numbers, the threads are the real ones."""

import threading
import time
from itertools import count

import pytest

from emoasst_core.errors import DeviceError
from emoasst_core.session.device_keeper import DeviceKeeper
from emoasst_core.session.events import DeviceChanged
from emoasst_core.session.transport import Transport

WAIT_S = 15.0
STALE_S = 0.4


class Clicker:
    """Delivers a number every 20 ms until it is closed; may stall or break on the way."""

    def __init__(self, name="first"):
        self.name, self.closed = name, threading.Event()
        self.stalls = self.breaks = False

    def items(self):
        for number in count():
            if self.breaks:
                raise DeviceError(f"{self.name} broke.", "Mend it.")
            if self.stalls:
                time.sleep(WAIT_S)  # a driver that never answers
            if self.closed.wait(0.02):
                return
            yield self.name, number

    def close(self):
        self.closed.set()


class Room:
    """Devices by name, unplugged while their name is not in `plugged`."""

    def __init__(self):
        self.plugged, self.opened = {"first", "second"}, []
        self.taken, self.told, self.gaps, self.lost = [], [], [], 0
        self.changed = threading.Condition()
        self.transport = Transport()
        self.keeper = DeviceKeeper(
            "camera", self.opener("first"), Clicker.items, self.take, self.transport, self.tell, STALE_S,
            self.on_lost, self.gaps.append,
        )  # fmt: skip
        self.failures = []
        self.thread = threading.Thread(target=self.run)
        self.transport.start()

    def run(self):
        try:
            self.keeper.run()
        except DeviceError as error:
            self.failures.append(error)

    def opener(self, name):
        def open_device():
            if name not in self.plugged:
                raise DeviceError(f"{name} is not there.", "Plug it in.", "missing")
            self.opened.append(Clicker(name))
            return self.opened[-1]

        return open_device

    def on_lost(self):
        self.lost += 1

    def take(self, item, is_first):
        self.note(self.taken, (*item, is_first))

    def tell(self, event):
        assert isinstance(event, DeviceChanged)
        self.note(self.told, event)

    def note(self, where, what):
        with self.changed:
            where.append(what)
            self.changed.notify_all()

    def wait(self, matches):
        with self.changed:
            assert self.changed.wait_for(matches, WAIT_S), [event.state for event in self.told]

    def wait_told(self, state):
        self.wait(lambda: any(event.state == state for event in self.told))

    def wait_taken(self, more=3):
        number = len(self.taken) + more
        self.wait(lambda: len(self.taken) >= number)


@pytest.fixture
def room():
    one = Room()
    yield one
    one.transport.stop()
    if one.thread.ident is not None:
        one.thread.join(WAIT_S)
        assert not one.thread.is_alive()


def test_a_device_that_stalls_is_noticed_in_time_and_tried_again(room):
    room.thread.start()
    room.wait_taken()
    room.opened[0].stalls = True
    stalled_s = time.monotonic()
    room.wait_told("lost")
    assert time.monotonic() - stalled_s < STALE_S + 1.0
    room.wait_told("back")
    room.wait_taken()
    assert len(room.opened) == 2 and room.opened[0].closed.is_set()
    assert room.gaps[0] > STALE_S / 2


def test_an_unplugged_device_is_said_once_and_is_back_soon_after_its_return(room):
    room.thread.start()
    room.wait_taken()
    room.plugged.clear()
    room.opened[0].breaks = True
    room.wait_told("lost")
    threading.Event().wait(1.5)
    assert [event.state for event in room.told] == ["lost"] and room.lost > 3
    room.plugged.add("first")
    returned_s = time.monotonic()
    room.wait_told("back")
    assert time.monotonic() - returned_s < 5.0
    firsts = [number for _, number, is_first in room.taken if is_first]
    assert firsts == [0, 0]


def test_switching_opens_the_new_device_before_the_old_one_goes(room):
    room.thread.start()
    room.wait_taken()
    room.keeper.switch(room.opener("second"), "The second")
    room.wait_told("switched")
    room.wait(lambda: any(name == "second" for name, *_ in room.taken))
    names = [name for name, *_ in room.taken]
    assert names == sorted(names) and room.opened[0].closed.wait(WAIT_S)


def test_a_switch_that_fails_keeps_the_old_device_and_says_so(room):
    room.plugged.discard("second")
    room.thread.start()
    room.wait_taken()
    room.keeper.switch(room.opener("second"), "The second")
    room.wait_told("kept")
    assert "goes on" in room.told[0].message and not room.opened[0].closed.is_set()
    room.wait_taken()


def test_a_device_that_was_never_there_is_a_failure(room):
    room.plugged.clear()
    room.thread.start()
    room.thread.join(WAIT_S)
    assert [error.reason for error in room.failures] == ["missing"] and not room.told


def test_a_pause_switches_the_device_off_and_going_on_opens_it_again(room):
    room.thread.start()
    room.wait_taken()
    room.transport.pause()
    assert room.opened[0].closed.wait(WAIT_S)
    room.transport.resume()
    room.wait_taken()
    assert len(room.opened) == 2 and not room.told
