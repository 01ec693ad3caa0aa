"""What is said while camera or microphone are gone: what is recorded now, what is not, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from emoasst_core.session.events import DeviceChanged
from emoasst_core.session.plan import SessionPlan

DEVICES = ("camera", "microphone")
BOTH_GONE = "Camera and microphone are gone."
LEFT_OVER = {
    (True, "camera"): "Only the picture is recorded now.",
    (True, "microphone"): "Only the sound is recorded now.",
    (True, ""): "Nothing is recorded now.",
    (False, "camera"): "Only the face is read now.",
    (False, "microphone"): "Only the voice is read now.",
    (False, ""): "Nothing is seen or heard now.",
}
GOES_ON = "When it is back, it goes on by itself."
ONE_GOES_ON = "Check their plugs. It goes on by itself."  # short: beside two buttons, at 200 % text
STOP_KEEPS = "Stop keeps what was recorded until now."
NOT_RECORDED = "Nothing is recorded any more. Cues go on."


@dataclass(frozen=True, slots=True)
class DeviceWords:
    """A message, the next step, and the kinds of device of which another may be chosen."""

    message: str
    next_step: str
    devices: tuple[str, ...] = ()


def keeps(plan: SessionPlan) -> bool:
    """Whether people agreed that picture and sound are kept, all of them or around unclear moments."""
    return plan.keeps_recording or plan.keeps_clips


def is_recording(uses: Set[str], lost: Set[str], plan: SessionPlan) -> bool:
    """Whether picture or sound are kept at this moment: something is captured, and what keeps it has not failed."""
    return keeps(plan) and "recording" not in lost and bool((uses & set(DEVICES)) - lost)


def device_words(uses: Set[str], lost: Mapping[str, DeviceChanged], plan: SessionPlan) -> DeviceWords:
    """The words while something is lost.

    Args:
        uses: "camera" and "microphone", as far as the session uses them.
        lost: what is lost, with the event that told of it; "recording" is what keeps picture and sound.
        plan: what people agreed to.

    >>> gone = DeviceChanged("camera", "lost", "The camera was unplugged.", "Check its plug.")
    >>> device_words({"camera", "microphone"}, {"camera": gone}, SessionPlan(keeps_recording=True)).message
    'The camera was unplugged. Only the sound is recorded now.'
    """
    gone = tuple(kind for kind in DEVICES if kind in lost and kind in uses)
    left = next((kind for kind in DEVICES if kind in uses and kind not in lost), "")
    still_keeps = keeps(plan) and "recording" not in lost
    if not gone:
        event = lost["recording"]
        return DeviceWords(f"{event.message} {NOT_RECORDED}", event.next_step)
    message = BOTH_GONE if len(gone) > 1 else lost[gone[0]].message
    next_step = ONE_GOES_ON if len(gone) > 1 else f"{lost[gone[0]].next_step} {GOES_ON}".strip()
    if len(gone) == 1 and not left and still_keeps:
        next_step = f"{next_step} {STOP_KEEPS}"
    if "recording" in lost:
        message = f"{lost['recording'].message} {message}"
    return DeviceWords(f"{message} {LEFT_OVER[still_keeps, left]}", next_step, gone)
