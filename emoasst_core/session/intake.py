"""What a session is fed with, and a recording as the first such thing; `live_intake` is the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from emoasst_core.datatypes import Frame
from emoasst_core.session.events import FrameSeen, LevelHeard, ProgressMade, SessionEvent
from emoasst_core.session.mailbox import Mailbox
from emoasst_core.session.sinks import Sinks
from emoasst_core.session.transport import Transport
from emoasst_core.windows.sound_quality import level_db

PROGRESS_EVERY_S = 0.5

Tell = Callable[[SessionEvent], None]


class Intake(Protocol):
    """Fills a mailbox until it ends or the transport stops."""

    recording: str
    loses_frames: bool

    def mailbox(self) -> Mailbox:
        """A mailbox that loses what this intake may lose."""

    def run(self, mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks) -> None:
        """Capture; returns at the end of the recording, or when stopped. `sinks` get all that is captured.

        Raises:
            MediaError: the source cannot be read.
        """

    def use_rate(self, rate_hz: float) -> None:
        """Offer that many pictures per second to the analysis from now on."""


class Thinner:
    """Lets pictures through at a given rate, on a fixed grid, so that 30 Hz thinned to 8 Hz is 8 Hz."""

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._next_s = 0.0

    def use_rate(self, rate_hz: float) -> None:
        """Another rate from now on."""
        self._period_s = 1.0 / rate_hz

    def takes(self, time_s: float) -> bool:
        """Whether the picture of this moment is due."""
        if time_s < self._next_s - 1e-6:
            return False
        self._next_s = (math.floor(time_s / self._period_s + 1e-6) + 1) * self._period_s
        return True


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
        self._realtime = self.loses_frames = realtime
        self._thinner = Thinner(rate_hz)

    def mailbox(self) -> Mailbox:
        """Sound waits for its turn; pictures too unless they are played in real time."""
        return Mailbox(lossless=not self._realtime)

    def use_rate(self, rate_hz: float) -> None:
        """See `Intake.use_rate`."""
        self._thinner.use_rate(rate_hz)

    def run(self, mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks | None = None) -> None:
        """Play it."""
        from emoasst_core.session.media_process import MediaProcess  # brings the decoder in: not before it is needed

        media, sinks = MediaProcess(self._path), sinks or Sinks()
        total_s, told_s = media.info.duration_s, -PROGRESS_EVERY_S
        transport.start()
        for item in media:
            time_s = item.time_s if isinstance(item, Frame) else item.start_s
            if not (transport.wait_until(time_s) if self._realtime else transport.wait_while_paused()):
                return
            if not self._realtime:
                transport.reach(time_s)  # what is marked now is what is read now
            if isinstance(item, Frame):
                tell(FrameSeen(item))
                sinks.frame(item)
                if self._thinner.takes(item.time_s):
                    mailbox.offer_frame(item)
            else:
                tell(LevelHeard(item.end_s, level_db(item.samples)))
                sinks.sound(item)
                mailbox.offer_sound(item)
            if time_s - told_s >= PROGRESS_EVERY_S:
                told_s = time_s
                tell(ProgressMade(time_s, max(total_s, time_s)))
