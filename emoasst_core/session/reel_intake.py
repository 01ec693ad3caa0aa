"""A reel of clips as what a session is fed with, in real time, as a camera and a microphone would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emoasst_core.datatypes import Frame
from emoasst_core.session.events import FrameSeen, LevelHeard
from emoasst_core.session.intake import Tell, Thinner
from emoasst_core.session.mailbox import Mailbox
from emoasst_core.session.sinks import Sinks
from emoasst_core.session.transport import Transport
from emoasst_core.windows.sound_quality import level_db

if TYPE_CHECKING:
    from emoasst_core.capture.clip_reel import ClipReel


class ReelIntake:
    """Plays a reel; what is too late is lost as it would be live.

    Args:
        reel: frames and sound in time order.
        rate_hz: pictures offered to the analysis per second; all are shown.

    Attributes:
        transport: of the session, once it runs: the clock of every latency.
    """

    recording = ""
    loses_frames = True

    def __init__(self, reel: ClipReel, rate_hz: float) -> None:
        self._reel = reel
        self._thinner = Thinner(rate_hz)
        self.transport: Transport | None = None

    def mailbox(self) -> Mailbox:
        """As for a microphone: it cannot wait."""
        return Mailbox(waits_for_sound=False)

    def use_rate(self, rate_hz: float) -> None:
        """See `Intake.use_rate`."""
        self._thinner.use_rate(rate_hz)

    def run(self, mailbox: Mailbox, transport: Transport, tell: Tell, sinks: Sinks) -> None:
        """Play it to its end."""
        transport.start()
        self.transport = transport
        for item in self._reel:
            is_frame = isinstance(item, Frame)
            if not transport.wait_until(item.time_s if isinstance(item, Frame) else item.end_s):
                return
            if isinstance(item, Frame):
                tell(FrameSeen(item))
                sinks.frame(item)
                if self._thinner.takes(item.time_s):
                    mailbox.offer_frame(item)
            elif not is_frame:
                tell(LevelHeard(item.end_s, level_db(item.samples)))
                sinks.sound(item)
                mailbox.offer_sound(item)
