"""The rules of the set-up page, without any widget: who is here, what each agreed to, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emoasst_core.session.plan import SessionPlan

LIVE, RECORD, CLIPS = "live", "record", "clips"
CONSENTS = (LIVE, RECORD, CLIPS)
CONSENT_TEXT = {LIVE: "Live cues", RECORD: "Record", CLIPS: "Keep clips"}
CONSENT_TIP = {
    LIVE: "Face and voice are read now; no picture and no sound is kept",
    RECORD: "Picture and sound of the whole conversation are kept on this computer, encrypted",
    CLIPS: "A few clips of 4 to 8 seconds are kept, to ask an adult about them",
}
CHILD = "child"
PLACES = {
    "home": "At home, or with family and friends",
    "eu": "At school or at work, in the European Union",
    "elsewhere": "At school or at work, elsewhere",
}
EU_REASON = (
    "Live cues are off here. In the European Union the law does not allow software to read feelings at school or at work "
    "(AI Act, Article 5(1)(f)). Use it at home."
)
ANNOUNCEMENT = "Say this aloud before you start: “We record this conversation. Anyone may say stop, at any time.”"


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is here today.

    Attributes:
        person_id: "" for somebody who is not known yet.
        name: "" for somebody new who was not named.
        role: "child", "adult" or "other"; the child is never analysed.
        consents: what this person agrees to today.
        has_face: whether there is a picture to know this person by.
    """

    person_id: str
    name: str
    role: str
    consents: frozenset[str]
    has_face: bool = False


def missing(place: str, has_device: bool, present: Sequence[Present]) -> str:
    """What is still missing before the camera may start, in one sentence; "" if nothing is.

    Where nobody is known by picture, every face is read. Beside a child that must not be: with one known person, any face that is
    not recognised counts as a stranger's and is left alone.
    """
    readable = [person for person in present if person.role != CHILD]
    if place not in PLACES:
        return "Say where you are."
    if place == "eu":
        return "Live cues are off at school and at work."
    if not has_device:
        return "Choose a camera or a microphone."
    if not present:
        return "Say who is here."
    if any(not person.name.strip() for person in present):
        return "Each person needs a name or nickname."
    if not readable:
        return "Besides the child somebody must be here whose cues can be shown."
    if not any(LIVE in person.consents for person in readable):
        return "Nobody here has agreed to live cues."
    if len(readable) < len(present) and not any(person.has_face and LIVE in person.consents for person in readable):
        return "Take a picture of somebody who agreed to live cues: it tells them from the child, who is never read."
    return ""


def may_keep(present: Sequence[Present], kind: str) -> bool:
    """Whether everybody here agreed to recording ("record") or clips ("clips"): everyone is in the picture and heard."""
    return bool(present) and all(kind in person.consents for person in present)


def plan_of(present: Sequence[Present], wants_recording: bool, wants_clips: bool) -> SessionPlan:
    """What the session may do: whose cues are shown and what is kept.

    >>> mum = Present("p-00000001", "Mum", "adult", frozenset({"live", "record"}))
    >>> plan_of([mum], True, True).keeps_recording, plan_of([mum], True, True).keeps_clips
    (True, False)
    """
    return SessionPlan(
        people=tuple(person.person_id for person in present if LIVE in person.consents and person.role != CHILD),
        keeps_recording=wants_recording and may_keep(present, RECORD),
        keeps_clips=wants_clips and may_keep(present, CLIPS),
    )
