"""A camera and a microphone as what a session is fed with. Either may be lost and come back; the other goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.session.device_keeper import DeviceKeeper
from emoasst_core.session.events import FrameSeen, LevelHeard
from emoasst_core.session.intake import Tell, Thinner
from emoasst_core.session.mailbox import Mailbox
from emoasst_core.session.sinks import Sinks
from emoasst_core.session.transport import Transport
from emoasst_core.session.wake_watch import LOOK_EVERY_S, WakeWatch
from emoasst_core.windows.sound_quality import level_db

if TYPE_CHECKING:
    from emoasst_core.capture.sources import AudioSource, FrameSource

CAMERA_STALE_S = 1.5  # noticed within 2 s: OpenCV does not report an unplugged camera
MICROPHONE_STALE_S = 0.7  # noticed within 1 s: callbacks come every 0.1 s, and PortAudio does not report the plug either
PULSE_S = 0.2  # while nothing is captured at all, the analysis is told this often that time goes on
NOTHING = np.zeros(0, np.float32)


@runtime_checkable
class Timed(Protocol):
    """A source whose stamps are of a clock that can be asked."""

    def now_s(self) -> float:
        """What that clock says."""


class LiveIntake:
    """A camera and a microphone, or one of them. Both are closed while paused, so that their lights go out.

    Args:
        open_camera, open_microphone: called to open the device at the start, after each pause and after each loss; None for
            none.
        rate_hz: pictures offered to the analysis per second; all are shown.
        watch: notices sleep and a changed clock; None for that of this machine.
    """

    recording = ""
    loses_frames = True

    def __init__(
        self,
        open_camera: Callable[[], FrameSource] | None,
        open_microphone: Callable[[], AudioSource] | None,
        rate_hz: float,
        watch: WakeWatch | None = None,
    ) -> None:
        self._watch = watch or WakeWatch()
        self._open_camera = open_camera
        self._open_microphone = open_microphone
        self._thinner = Thinner(rate_hz)
        self._failure: Exception | None = None
        self._end_s = 0.0  # of the sound so far
        self._pulse_s = 0.0
        self.camera: DeviceKeeper[Frame] | None = None
        self.microphone: DeviceKeeper[AudioBlock] | None = None

    def mailbox(self) -> Mailbox:
        """A microphone cannot wait: when 30 s of sound are waiting, the oldest is given up and counted."""
        return Mailbox(waits_for_sound=False)

    def use_rate(self, rate_hz: float) -> None:
        """See `Intake.use_rate`."""
        self._thinner.use_rate(rate_hz)

    def run(self, mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks | None = None) -> None:
        """Capture from both devices, each in a thread of its own, until the session stops.

        Raises:
            DeviceError: one of them cannot be opened in the first place.
        """
        sinks = sinks or Sinks()
        transport.start()
        if self._open_camera is not None:
            self.camera = self._keep_camera(self._open_camera, mailbox, transport, tell, sinks)
        if self._open_microphone is not None:
            self.microphone = self._keep_microphone(self._open_microphone, mailbox, transport, tell, sinks)
        keepers = (keeper for keeper in (self.camera, self.microphone) if keeper is not None)
        threads = [threading.Thread(target=self._guarded, args=(keeper, transport), name="keeper") for keeper in keepers]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(LOOK_EVERY_S)
                self._look_at_clocks(transport, sinks)
        if self._failure is not None:
            raise self._failure

    def _look_at_clocks(self, transport: Transport, sinks: Sinks) -> None:
        """After sleep, or with a clock that was set, a gap is noted and the recording begins a new file."""
        if (wake := self._watch.look()) is not None:
            now_s = transport.now_s()
            sinks.gap(max(0.0, now_s - wake.missed_s), now_s, wake.reason)

    def _guarded(self, keeper: DeviceKeeper[Frame] | DeviceKeeper[AudioBlock], transport: Transport) -> None:
        try:
            keeper.run()
        except Exception as error:  # raised again by `run`: one device that cannot be kept ends the session, whatever the fault
            self._failure = error
            transport.stop()

    def _keep_camera(
        self, open_camera: Callable[[], FrameSource], mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks
    ) -> DeviceKeeper[Frame]:
        def take(frame: Frame, _is_first: bool) -> None:
            stamped = Frame(transport.now_s(), frame.image)
            tell(FrameSeen(stamped))
            sinks.frame(stamped)
            if self._thinner.takes(stamped.time_s):
                mailbox.offer_frame(stamped)

        def on_gap(away_s: float) -> None:
            end_s = transport.now_s()
            sinks.gap(max(0.0, end_s - away_s), end_s, "camera lost")

        return DeviceKeeper(
            "camera", open_camera, lambda camera: camera.frames(), take, transport, tell, CAMERA_STALE_S,
            lambda: self._say_time(mailbox, transport), on_gap,
        )  # fmt: skip

    def _keep_microphone(
        self, open_microphone: Callable[[], AudioSource], mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks
    ) -> DeviceKeeper[AudioBlock]:
        def take(block: AudioBlock, is_first: bool) -> None:
            """The first block says when it was heard; the others follow by their own length, which the source keeps true."""
            samples = block.samples
            if is_first:
                samples = samples[max(0, round((self._end_s - block.start_s) * SAMPLE_RATE_HZ)) :]  # heard already
                start_s = max(self._end_s, block.start_s)
                if self._end_s and start_s > self._end_s:
                    sinks.gap(self._end_s, start_s, "microphone lost")
                self._end_s = start_s
            stamped = AudioBlock(self._end_s, samples)
            self._end_s = stamped.end_s
            tell(LevelHeard(stamped.end_s, level_db(samples)))
            sinks.sound(stamped)
            mailbox.offer_sound(stamped)

        return DeviceKeeper(
            "microphone", open_microphone, lambda microphone: self._heard(microphone, transport), take, transport, tell,
            MICROPHONE_STALE_S, lambda: self._say_time(mailbox, transport),
        )  # fmt: skip

    def _heard(self, microphone: AudioSource, transport: Transport) -> Iterator[AudioBlock]:
        """Blocks on the session's clock: by the microphone's own stamps where it has a clock, else by when they arrive.

        The first sound may have waited in the sound system: PortAudio through PulseAudio handed it on 0.1 to 0.4 s late.
        """
        for block in microphone.blocks():
            if isinstance(microphone, Timed):
                start_s = transport.now_s() - (microphone.now_s() - block.start_s)
            else:
                start_s = max(self._end_s, transport.now_s() - len(block.samples) / SAMPLE_RATE_HZ)
            yield AudioBlock(start_s, block.samples)

    def _say_time(self, mailbox: Mailbox, transport: Transport) -> None:
        """A device is lost: an empty block tells the analysis that time goes on, so that no cue outlives its evidence."""
        if self.microphone is not None and self.microphone.age_s < MICROPHONE_STALE_S:
            return
        now_s = transport.now_s()
        if now_s - self._pulse_s >= PULSE_S:
            self._pulse_s = now_s
            mailbox.offer_sound(AudioBlock(now_s, NOTHING))
