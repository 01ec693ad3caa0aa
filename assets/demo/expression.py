"""What the drawn face can do, as numbers, and the poses of the story."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Expression:
    """One moment of a face; lengths in half face widths, positive is up or open unless said otherwise.

    Attributes:
        brow_inner, brow_middle, brow_outer: how far each part of the brows is raised.
        brow_squeeze: brows drawn together.
        eyes: how far the upper lids are open; 1 at rest, 0 closed.
        lower_lids: how far the lower lids are pushed up, 0 to 1.
        gaze_x, gaze_y: where the eyes look, -1 to 1 (right and down are positive).
        corners: mouth corners up (smile) or down.
        stretch: mouth wider (positive) or narrower, as a share of its width.
        jaw: how far the mouth is open.
        pout: lips rounded, 0 to 1.
        lower_lip: lower lip pushed up, 0 to 1, as before crying.
        teeth: how much of the upper teeth the lip leaves free, 0 to 1.
        cheeks: cheeks raised and folds beside the nose, 0 to 1.
        sag: folds from the mouth corners down, 0 to 1.
        forehead: lines across the forehead, 0 to 1.
    """

    brow_inner: float = 0.0
    brow_middle: float = 0.0
    brow_outer: float = 0.0
    brow_squeeze: float = 0.0
    eyes: float = 1.0
    lower_lids: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    corners: float = 0.0
    stretch: float = 0.0
    jaw: float = 0.0
    pout: float = 0.0
    lower_lip: float = 0.0
    teeth: float = 0.0
    cheeks: float = 0.0
    sag: float = 0.0
    forehead: float = 0.0

    def towards(self, other: Expression, share: float) -> Expression:
        """A blend: this one at share 0, the other at share 1."""
        mixed = {spec.name: getattr(self, spec.name) * (1 - share) + getattr(other, spec.name) * share for spec in fields(self)}
        return Expression(**mixed)


POSES = {
    "neutral": Expression(),
    "joy": Expression(
        brow_inner=0.02, brow_middle=0.03, eyes=0.74, lower_lids=0.75, corners=0.18, stretch=0.26, jaw=0.19, teeth=1.0, cheeks=1.0
    ),
    "sadness": Expression(
        brow_inner=0.23, brow_middle=0.02, brow_outer=-0.08, brow_squeeze=0.05, eyes=0.57, gaze_y=0.4, corners=-0.125,
        stretch=0.02, lower_lip=0.75, sag=1.0, forehead=0.3,
    ),
    "surprise": Expression(
        brow_inner=0.23, brow_middle=0.22, brow_outer=0.16, eyes=1.55, corners=-0.02, stretch=-0.24, jaw=0.46, pout=0.35,
        teeth=0.25, forehead=1.0,
    ),
}  # fmt: skip


# How far each sound of English opens (first) and rounds (second) the mouth. Names as espeak-ng gives them, by first character.
OPEN_VOWELS = dict.fromkeys("aAV0@3", (0.15, 0.0)) | dict.fromkeys("eEiI", (0.09, -0.12)) | dict.fromkeys("oOuUwW", (0.11, 0.55))
CLOSED = dict.fromkeys("pbm", (0.0, 0.0)) | dict.fromkeys("fv", (0.02, 0.0))
OTHER_SOUND = (0.05, 0.0)


def mouth_of(phoneme: str) -> tuple[float, float]:
    """(opening, rounding) of one sound; silence closes the mouth."""
    if not phoneme or phoneme.startswith("_"):
        return 0.0, 0.0
    return OPEN_VOWELS.get(phoneme[0]) or CLOSED.get(phoneme[0]) or OTHER_SOUND
