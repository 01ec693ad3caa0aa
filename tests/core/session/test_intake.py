import threading
from itertools import pairwise

import numpy as np
import pytest
from recordings import write_recording

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.capture.sources import AudioSource, FrameSource
from emoasst_core.clock import SessionClock
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.errors import DeviceError
from emoasst_core.session.device_keeper import DeviceKeeper
from emoasst_core.session.events import FrameSeen, LevelHeard
from emoasst_core.session.intake import Thinner
from emoasst_core.session.live_intake import LiveIntake
from emoasst_core.session.transport import Transport

WAIT_S = 20.0


class Told:
    def __init__(self):
        self.events = []
        self._changed = threading.Condition()

    def __call__(self, event):
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, kind, number):
        with self._changed:
            assert self._changed.wait_for(lambda: sum(isinstance(e, kind) for e in self.events) >= number, WAIT_S)


@pytest.fixture
def live(tmp_path):
    """A recording in the place of camera and microphone: the same protocols, opened anew after each pause."""
    path = write_recording(tmp_path / "room.mp4", ("green",) * 2, seconds_each=30.0)
    opened = []

    class Source(MediaFile):
        def __init__(self):
            super().__init__(path)
            self.closed = threading.Event()

        def close(self):
            super().close()
            self.closed.set()

    def open_source():
        opened.append(Source())
        return opened[-1]

    return open_source, opened


def run(intake, transport):
    mailbox, told, problems = intake.mailbox(), Told(), []

    def capture():
        try:
            intake.run(mailbox, transport, told)
        except DeviceError as error:
            problems.append(error)

    thread = threading.Thread(target=capture)
    thread.start()
    return mailbox, told, thread, problems


def test_a_recording_can_stand_in_for_camera_and_microphone(live):
    source = live[0]()
    assert isinstance(source, FrameSource) and isinstance(source, AudioSource)


def test_a_pause_closes_both_devices_and_going_on_opens_them_again(live):
    open_source, opened = live
    transport = Transport()
    mailbox, told, thread, _ = run(LiveIntake(open_source, open_source, 8.0), transport)
    told.wait(FrameSeen, 3)
    told.wait(LevelHeard, 3)
    transport.pause()
    assert len(opened) == 2
    for source in opened:
        assert source.closed.wait(WAIT_S)
    transport.resume()
    before = len(told.events)
    told.wait(FrameSeen, before + 3)
    transport.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive() and len(opened) == 4
    times = [event.frame.time_s for event in told.events if isinstance(event, FrameSeen)]
    assert all(later >= earlier for earlier, later in pairwise(times))
    mailbox.close(discard=True)


def test_sound_of_a_microphone_is_contiguous_in_session_time(live):
    transport = Transport()
    mailbox, told, thread, _ = run(LiveIntake(None, live[0], 8.0), transport)
    told.wait(LevelHeard, 20)
    transport.stop()
    thread.join(WAIT_S)
    blocks = []
    while (block := mailbox.take(0)) is not None:
        blocks.append(block)
        mailbox.handled(is_sound=True)
    assert len(blocks) >= 20
    assert all(later.start_s == pytest.approx(earlier.end_s) for earlier, later in pairwise(blocks))


def test_a_device_that_fails_ends_both_and_says_why(live):
    class Broken:
        source_id = "broken"

        def frames(self):
            raise DeviceError("The camera was unplugged.", "Plug it in again.")

        def close(self):
            pass

    transport = Transport()
    _, _, thread, problems = run(LiveIntake(Broken, live[0], 8.0), transport)
    thread.join(WAIT_S)
    assert not thread.is_alive() and transport.is_stopped
    assert [error.message for error in problems] == ["The camera was unplugged."]


def test_a_fault_of_our_own_beside_a_device_ends_both_and_is_raised(live, monkeypatch):
    monkeypatch.setattr(DeviceKeeper, "_watch", lambda _self: 1 / 0)
    intake, transport = LiveIntake(live[0], live[0], 8.0), Transport()
    with pytest.raises(ZeroDivisionError):
        intake.run(intake.mailbox(), transport, Told())
    assert transport.is_stopped


@pytest.mark.parametrize(("camera_hz", "wanted_hz", "kept"), [(30, 8, 80), (25, 8, 80), (6, 8, 60), (30, 30, 300)])
def test_pictures_are_thinned_to_the_rate_wanted(camera_hz, wanted_hz, kept):
    thinner = Thinner(wanted_hz)
    assert sum(thinner.takes(number / camera_hz) for number in range(camera_hz * 10)) == kept


def test_time_stands_still_in_a_pause():
    transport = Transport()
    assert transport.now_s() == 0.0
    transport.start()
    transport.pause()
    paused_s = transport.now_s()
    threading.Event().wait(0.05)
    assert transport.now_s() == paused_s
    transport.resume()
    assert transport.now_s() < paused_s + 0.04
    assert transport.wait_until(paused_s + 0.05)
    transport.stop()
    assert not transport.wait_until(paused_s + 100)


def test_a_frame_of_the_future_waits_for_its_time():
    transport = Transport()
    transport.start()
    assert transport.wait_until(0.1) and transport.now_s() >= 0.1
    assert Frame(0.1, np.zeros((1, 1, 3), np.uint8)).time_s <= transport.now_s()


class Buffered:
    """A microphone whose sound system hands on the first sound late: its own stamps say when it was heard."""

    source_id = "buffered"
    LATE_S = 0.35

    def __init__(self):
        self._clock, self._closed = SessionClock(), threading.Event()

    def now_s(self):
        return self._clock.now_s()

    def blocks(self):
        self._closed.wait(self.LATE_S + 0.1)
        for number in range(40):
            yield AudioBlock(0.05 + number / 10, np.zeros(1600, np.float32))
            if number >= 3 and self._closed.wait(0.1):
                return

    def close(self):
        self._closed.set()


def test_sound_that_waited_in_the_sound_system_is_stamped_with_when_it_was_heard():
    transport = Transport()
    mailbox, told, thread, _ = run(LiveIntake(None, Buffered, 8.0), transport)
    told.wait(LevelHeard, 2)
    arrived_s = transport.now_s()
    transport.stop()
    thread.join(WAIT_S)
    first = mailbox.take(0)
    assert first is not None and first.start_s < arrived_s - Buffered.LATE_S + 0.01
    assert first.start_s == pytest.approx(0.05, abs=0.3)


def test_the_time_of_a_recording_read_at_full_speed_is_how_far_it_was_read():
    transport = Transport()
    transport.start()
    transport.reach(42.5)
    assert transport.now_s() == 42.5
    transport.pause()
    transport.resume()
    transport.reach(43.0)
    assert transport.now_s() == 43.0
