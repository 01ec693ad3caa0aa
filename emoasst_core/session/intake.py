"""What a session is fed with: a recording played in real time, or a camera and a microphone. Each runs in capture threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.events import FrameSeen, LevelHeard, ProgressMade, SessionEvent
from emoasst_core.session.mailbox import Mailbox
from emoasst_core.session.sinks import Sinks
from emoasst_core.session.transport import Transport

if TYPE_CHECKING:
    from emoasst_core.capture.sources import AudioSource, FrameSource

SILENT_DB = -96.0  # the floor of 16-bit sound
PROGRESS_EVERY_S = 0.5
REOPEN_CHECK_S = 0.2

Tell = Callable[[SessionEvent], None]


class Intake(Protocol):
    """Fills a mailbox until it ends or the transport stops."""

    recording: str

    def mailbox(self) -> Mailbox:
        """A mailbox that loses what this intake may lose."""

    def run(self, mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks) -> None:
        """Capture; returns at the end of the recording, or when stopped. `sinks` get all that is captured.

        Raises:
            MediaError: the source cannot be read.
        """


class Thinner:
    """Lets pictures through at a given rate, on a fixed grid, so that 30 Hz thinned to 8 Hz is 8 Hz."""

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._next_s = 0.0

    def takes(self, time_s: float) -> bool:
        """Whether the picture of this moment is due."""
        if time_s < self._next_s - 1e-6:
            return False
        self._next_s = (math.floor(time_s / self._period_s + 1e-6) + 1) * self._period_s
        return True


def level_db(block: AudioBlock) -> float:
    """Loudness relative to full scale: 0 is the loudest square wave, `SILENT_DB` is silence."""
    power = float(np.mean(np.square(block.samples, dtype=np.float64))) if len(block.samples) else 0.0
    return max(SILENT_DB, 10.0 * math.log10(power)) if power > 0 else SILENT_DB


class RecordingIntake:
    """A recording, in real time as if it were live, or as fast as it can be analysed.

    Args:
        path: any sound or video file.
        realtime: False never drops a picture and never waits for the clock.
        rate_hz: pictures offered to the analysis per second; all are shown.
    """

    def __init__(self, path: Path, realtime: bool, rate_hz: float) -> None:
        self.recording = str(path)
        self._path = path
        self._realtime = realtime
        self._thinner = Thinner(rate_hz)

    def mailbox(self) -> Mailbox:
        """Sound waits for its turn; pictures too unless they are played in real time."""
        return Mailbox(lossless=not self._realtime)

    def run(self, mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks | None = None) -> None:
        """Play it."""
        from emoasst_core.capture.media_file import MediaFile  # brings the decoder in: not before it is needed

        media, sinks = MediaFile(self._path), sinks or Sinks()
        total_s, told_s = media.info.duration_s, -PROGRESS_EVERY_S
        transport.start()
        for item in media:
            time_s = item.time_s if isinstance(item, Frame) else item.start_s
            if not (transport.wait_until(time_s) if self._realtime else transport.wait_while_paused()):
                return
            if isinstance(item, Frame):
                tell(FrameSeen(item))
                sinks.frame(item)
                if self._thinner.takes(item.time_s):
                    mailbox.offer_frame(item)
            else:
                tell(LevelHeard(item.end_s, level_db(item)))
                sinks.sound(item)
                mailbox.offer_sound(item)
            if time_s - told_s >= PROGRESS_EVERY_S:
                told_s = time_s
                tell(ProgressMade(time_s, max(total_s, time_s)))


class LiveIntake:
    """A camera and a microphone, or one of them. Both are closed while paused, so that their lights go out.

    Args:
        open_camera, open_microphone: called to open the device at the start and after each pause; None for none.
        rate_hz: pictures offered to the analysis per second; all are shown.
    """

    recording = ""

    def __init__(
        self,
        open_camera: Callable[[], FrameSource] | None,
        open_microphone: Callable[[], AudioSource] | None,
        rate_hz: float,
    ) -> None:
        self._open_camera = open_camera
        self._open_microphone = open_microphone
        self._thinner = Thinner(rate_hz)
        self._failure: EmoAsstError | None = None

    def mailbox(self) -> Mailbox:
        """A microphone cannot wait: when 30 s of sound are waiting, the oldest is given up and counted."""
        return Mailbox(waits_for_sound=False)

    def run(self, mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks | None = None) -> None:
        """Capture from both devices, each in a thread of its own."""
        sinks = sinks or Sinks()
        transport.start()

        def look() -> None:
            if self._open_camera is not None:
                self._look(self._open_camera, mailbox, transport, tell, sinks)

        def listen() -> None:
            if self._open_microphone is not None:
                self._listen(self._open_microphone, mailbox, transport, tell, sinks)

        threads = [threading.Thread(target=self._guarded, args=(part, transport), name=part.__name__) for part in (look, listen)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _guarded(self, part: Callable[[], None], transport: Transport) -> None:
        try:
            part()
        except EmoAsstError as error:
            self._failure = error
            transport.stop()

    def _look(
        self, open_camera: Callable[[], FrameSource], mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks
    ) -> None:
        while transport.wait_while_paused():
            camera = open_camera()
            with closed_on_pause(camera, transport):
                for frame in camera.frames():
                    if transport.is_paused or transport.is_stopped:
                        break
                    stamped = Frame(transport.now_s(), frame.image)
                    tell(FrameSeen(stamped))
                    sinks.frame(stamped)
                    if self._thinner.takes(stamped.time_s):
                        mailbox.offer_frame(stamped)

    def _listen(
        self, open_microphone: Callable[[], AudioSource], mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks
    ) -> None:
        end_s = 0.0
        while transport.wait_while_paused():
            microphone = open_microphone()
            with closed_on_pause(microphone, transport):
                for stamped in stamped_blocks(microphone.blocks(), transport, end_s):
                    if transport.is_paused or transport.is_stopped:
                        break
                    end_s = stamped.end_s
                    tell(LevelHeard(end_s, level_db(stamped)))
                    sinks.sound(stamped)
                    mailbox.offer_sound(stamped)


def stamped_blocks(blocks: Iterator[AudioBlock], transport: Transport, not_before_s: float) -> Iterator[AudioBlock]:
    """Put session times on contiguous sound: the first block ended just now, the others follow by their own length."""
    start_s: float | None = None
    for block in blocks:
        if start_s is None:
            start_s = max(not_before_s, transport.now_s() - len(block.samples) / SAMPLE_RATE_HZ)
        stamped = AudioBlock(start_s, block.samples)
        start_s = stamped.end_s
        yield stamped


class closed_on_pause:  # noqa: N801 - used as a with statement
    """Close a device as soon as the session pauses or stops, even while a read is waiting for it."""

    def __init__(self, source: FrameSource | AudioSource, transport: Transport) -> None:
        self._source = source
        self._transport = transport
        self._is_over = False
        self._thread = threading.Thread(target=self._watch, name="device-off", daemon=True)

    def __enter__(self) -> None:
        """Start watching."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """The reading has ended: close the device in any case."""
        self._is_over = True
        self._source.close()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over:
            if self._transport.wait_for_pause_or_stop(REOPEN_CHECK_S):
                self._source.close()
                return
