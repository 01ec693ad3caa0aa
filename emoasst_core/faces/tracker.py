"""Gives every person in view one stable id, from frame to frame and over short absences."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Box, Face
from emoasst_core.faces.look import Histogram, Look, colour_likeness, is_somebody_else, look_at

CERTAIN_SCORE = 0.9  # a face this sure gets its id at once; a weaker one must be seen in 2 of 4 frames, in about one place
NUM_RECENT = 4
NUM_NEEDED = 2
MAX_COST = 0.75  # of a pairing; two boxes of equal size that overlap by a quarter cost about this
# Histograms of one person seconds apart overlap by 0.98 or more (164 pairs from film clips), those of two people by 0.61 in
# the median and 0.92 in one pair of ten (147 pairs, many before the same wall); light changes when somebody comes back.
MIN_LIKENESS = 0.75  # in the place where the person was lost
MIN_LIKENESS_ELSEWHERE = 0.9
APPEARANCE_PACE = 0.1  # weight of the newest picture in a person's histogram
VELOCITY_PACE = 0.5


@dataclass(slots=True)
class _Track:
    """One face followed; `person` stays empty until it is believed."""

    box: Box
    time_s: float
    person: str = ""
    velocity: tuple[float, float] = (0.0, 0.0)  # of the centre, pixels per second
    look: Look | None = None  # in the newest picture
    colours: Histogram | None = None  # over the last pictures
    seen: deque[bool] = field(default_factory=lambda: deque(maxlen=NUM_RECENT))

    def predicted(self, time_s: float) -> Box:
        """Where constant velocity would have carried the box; trusted for a quarter of a second."""
        ahead_s = min(time_s - self.time_s, 0.25)
        return replace(self.box, x=self.box.x + self.velocity[0] * ahead_s, y=self.box.y + self.velocity[1] * ahead_s)


@dataclass(frozen=True, slots=True)
class Pairing:
    """The faces of one picture and whom they would belong to; `FaceTracker.take` makes it so.

    Attributes:
        time_s: of the picture.
        faces: from the detector.
        looks: of the faces; None where there is no picture.
        pairs: {index of track: index of face}.
    """

    time_s: float
    faces: tuple[Face, ...]
    looks: tuple[Look | None, ...]
    pairs: dict[int, int]


class FaceTracker:
    """Follows faces by place, size and colour.

    Args:
        options: `max_faces` people at most; after `lost_after_s` unseen a person is gone, and is known again only in the
            same place or, where pictures are given, by the same colours.
    """

    def __init__(self, options: FaceOptions) -> None:
        self._options = options
        self._tracks: list[_Track] = []
        self._gone: list[_Track] = []
        self._num_persons = 0

    def follow(self, time_s: float, faces: list[Face], image: NDArray[np.uint8] | None = None) -> list[Face]:
        """Name the people of one analysed frame.

        Args:
            time_s: of the frame; call for every analysed frame, also for those without a face.
            faces: from the detector.
            image: (h, w, 3) the picture, for telling people apart by colour; without it, place and size decide.

        Returns:
            The faces believed, with `person` filled ("person 1"), largest first; one never seen before and not yet
            certain is left out.
        """
        return self.take(self.pair(time_s, faces, image))

    def pair(self, time_s: float, faces: list[Face], image: NDArray[np.uint8] | None = None) -> Pairing:
        """Tell whom the faces would belong to; follows nothing. Same arguments as `follow`."""
        self._retire(time_s)
        looks = tuple(None if image is None else look_at(image, face.box) for face in faces)
        return Pairing(time_s, tuple(faces), looks, self._assign(time_s, faces, looks))

    def take(self, pairing: Pairing) -> list[Face]:
        """Name the people of the picture that was paired last, as `follow` does."""
        faces, pairs = pairing.faces, dict(pairing.pairs)
        for index, track in enumerate(self._tracks):
            track.seen.append(index in pairs)
        for index, number in pairs.items():
            _update(self._tracks[index], pairing.time_s, faces[number].box, pairing.looks[number])
        for number in set(range(len(faces))) - set(pairs.values()):
            pairs[len(self._tracks)] = number
            look = pairing.looks[number]
            colours = None if look is None else look.colours
            seen = deque([True], NUM_RECENT)
            self._tracks.append(_Track(faces[number].box, pairing.time_s, look=look, colours=colours, seen=seen))
        named = self._named(pairing.time_s, {number: self._tracks[index] for index, number in pairs.items()}, faces)
        return sorted(named, key=lambda face: face.box.width * face.box.height, reverse=True)

    def expected(self, time_s: float) -> list[Box]:
        """Where the people and the not yet believed faces followed should be at `time_s`."""
        return [track.predicted(time_s) for track in self._tracks if time_s - track.time_s <= self._options.lost_after_s]

    def is_complete(self, pairing: Pairing) -> bool:
        """Whether these are exactly the people of the picture before, at least one and all of them believed."""
        seen = {index for index, track in enumerate(self._tracks) if track.seen[-1]}
        is_same = set(pairing.pairs) == seen and len(pairing.faces) == len(seen)
        return bool(seen) and is_same and all(self._tracks[index].person for index in seen)

    def _retire(self, time_s: float) -> None:
        """Drop unbelieved faces no longer seen; set aside people who have left."""
        staying = []
        for track in self._tracks:
            if track.person and time_s - track.time_s > self._options.lost_after_s:
                self._gone.append(track)
            elif track.person or any(track.seen):
                staying.append(track)
        self._tracks = staying

    def _assign(self, time_s: float, faces: list[Face], looks: tuple[Look | None, ...]) -> dict[int, int]:
        """{index of track: index of face}, the cheapest pairing (Hungarian method)."""
        if not self._tracks or not faces:
            return {}
        costs = np.array(
            [[_cost(track, time_s, face.box, look) for face, look in zip(faces, looks, strict=True)] for track in self._tracks]
        )
        rows, columns = linear_sum_assignment(np.minimum(costs, 10 * MAX_COST))
        return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if costs[row, column] <= MAX_COST}

    def _named(self, time_s: float, tracks: dict[int, _Track], faces: tuple[Face, ...]) -> list[Face]:
        named = []
        for number in sorted(tracks, key=lambda number: -faces[number].box.width):
            track, face = tracks[number], faces[number]
            if not track.person and (face.score >= CERTAIN_SCORE or sum(track.seen) >= NUM_NEEDED):
                self._name(track, time_s)
            if track.person:
                named.append(replace(face, person=track.person))
        return named

    def _name(self, track: _Track, time_s: float) -> None:
        """Give back the id of somebody unseen, else a new one while there is room."""
        absent = [other for other in self._tracks if other.person and other.time_s < time_s]
        here = [other for other in absent if not is_somebody_else(other.look, track.look)]
        known = [other for other in here + self._gone if _is_again(other, track)]
        if known:
            again = max(known, key=lambda other: (colour_likeness(other.colours, track.colours) or 0.0, other.time_s))
            track.person = again.person
            self._tracks = [other for other in self._tracks if other is not again]
            self._gone = [other for other in self._gone if other is not again]
        elif sum(bool(other.person) for other in self._tracks) < self._options.max_faces:
            self._num_persons += 1
            track.person = f"person {self._num_persons}"


def _update(track: _Track, time_s: float, box: Box, look: Look | None) -> None:
    elapsed_s = max(time_s - track.time_s, 1e-3)
    (old_x, old_y), (new_x, new_y) = _centre(track.box), _centre(box)
    measured = (new_x - old_x) / elapsed_s, (new_y - old_y) / elapsed_s
    track.velocity = (
        track.velocity[0] + VELOCITY_PACE * (measured[0] - track.velocity[0]),
        track.velocity[1] + VELOCITY_PACE * (measured[1] - track.velocity[1]),
    )
    if look is not None and look.colours is not None:
        old = look.colours if track.colours is None else track.colours
        track.colours = (1 - APPEARANCE_PACE) * old + APPEARANCE_PACE * look.colours
    track.box, track.time_s, track.look = box, time_s, look


def _cost(track: _Track, time_s: float, box: Box, look: Look | None) -> float:
    """0 for the same place, size and colours; above MAX_COST it cannot be the same face."""
    expected = track.predicted(time_s)
    size, expected_size = math.sqrt(box.width * box.height), math.sqrt(expected.width * expected.height)
    (x, y), (expected_x, expected_y) = _centre(box), _centre(expected)
    distance = math.hypot(x - expected_x, y - expected_y) / max(size, expected_size)
    reach = 1.0 + min(time_s - track.time_s, 1.0)  # the longer unseen, the further it may have moved
    growth = abs(math.log(size / expected_size))
    likeness = None if look is None else colour_likeness(track.colours, look.colours)
    cost = distance / reach + 0.5 * growth + (0.0 if likeness is None else 0.4 * (1.0 - likeness))
    return math.inf if cost <= MAX_COST and is_somebody_else(track.look, look) else cost


def _is_again(lost: _Track, found: _Track) -> bool:
    """True if a face may be the person lost before: by colours where known, else by place and size."""
    likeness = colour_likeness(lost.colours, found.colours)
    is_same_place = _cost(lost, lost.time_s, found.box, None) <= MAX_COST
    if likeness is None:
        return is_same_place
    return likeness >= (MIN_LIKENESS if is_same_place else MIN_LIKENESS_ELSEWHERE)


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2
