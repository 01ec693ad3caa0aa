"""The first half of reading a picture: where the faces are and whose they are. It waits for no tower."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Face, Frame
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.detector import FaceDetector
from emoasst_core.faces.face_search import FaceSearch
from emoasst_core.faces.tracker import FaceTracker
from emoasst_core.session.identities import Identities
from emoasst_core.session.stage_clock import StageClock


@dataclass(frozen=True, slots=True)
class LookedAt:
    """The faces of one picture.

    Attributes:
        time_s: of the picture.
        tracked: the faces with the tracker's names.
        named: the same faces, with the names of those who are known.
        pictures: their crops, (s, s, 3) uint8 RGB.
        renamed: (track, person) of tracks that are known to be somebody.
    """

    time_s: float
    tracked: tuple[Face, ...]
    named: tuple[Face, ...]
    pictures: tuple[NDArray[np.uint8], ...]
    renamed: tuple[tuple[str, str], ...]


class FaceWatch:
    """Looks at as many pictures a second as are analysed.

    Args:
        detector: finds faces.
        tracker: follows them.
        identities: who is known by face.
        rate_hz: pictures looked at in a second.
        stages: where the time is counted.
    """

    def __init__(
        self, detector: FaceDetector, tracker: FaceTracker, identities: Identities, rate_hz: float, stages: StageClock
    ) -> None:
        self._search = FaceSearch(detector, tracker)
        self._detector_name, self._identities = detector.name, identities
        self._period_s, self._stages = 1.0 / rate_hz, stages
        self._next_frame_s = -1.0

    def look(self, frame: Frame) -> LookedAt | None:
        """The faces of the next picture, or None where more pictures come than are analysed: this one is only shown."""
        if frame.time_s < self._next_frame_s:
            return None
        self._next_frame_s = max(self._next_frame_s + self._period_s, frame.time_s + 0.5 * self._period_s)
        with self._stages.measure("finding faces"):
            faces = self._search.find(frame)
        pictures = tuple(crop(frame.image, crop_box(face, self._detector_name)) for face in faces)
        with self._stages.measure("knowing faces"):
            named, renamed = self._named(frame.time_s, faces, pictures)
        return LookedAt(frame.time_s, tuple(faces), tuple(named), pictures, tuple(renamed))

    def _named(
        self, time_s: float, tracked: list[Face], pictures: tuple[NDArray[np.uint8], ...]
    ) -> tuple[list[Face], list[tuple[str, str]]]:
        """The faces with the names of those who are known; of two that seem to be one person the larger keeps the name."""
        named: list[Face] = []
        renamed: list[tuple[str, str]] = []
        for face, picture in zip(tracked, pictures, strict=True):
            person = self._identities.name(face.person, picture, time_s)
            is_taken = any(other.person == person for other in named)
            if person != face.person and not is_taken:
                renamed.append((face.person, person))
            named.append(face if is_taken else replace(face, person=person))
        return named, renamed
