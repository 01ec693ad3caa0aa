"""Gives every person in view one stable id, from frame to frame and over short absences."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Box, Face

CERTAIN_SCORE = 0.9  # a face this sure gets its id at once; a weaker one must be seen in 2 of 4 frames, in about one place
NUM_RECENT = 4
NUM_NEEDED = 2
MAX_COST = 0.75  # of a pairing; two boxes of equal size that overlap by a quarter cost about this
# Histograms of one person seconds apart overlap by 0.98 or more (164 pairs from film clips), those of two people by 0.61 in
# the median and 0.92 in one pair of ten (147 pairs, many before the same wall); light changes when somebody comes back.
MIN_LIKENESS = 0.75  # in the place where the person was lost
MIN_LIKENESS_ELSEWHERE = 0.9
LIGHT_SHARE = 0.25  # of brightness in the histogram: it changes with the lamp, hue and saturation less
APPEARANCE_PACE = 0.1  # weight of the newest picture in a person's histogram
VELOCITY_PACE = 0.5

Histogram = NDArray[np.float32]


@dataclass(slots=True)
class _Track:
    """One face followed; `person` stays empty until it is believed."""

    box: Box
    time_s: float
    person: str = ""
    velocity: tuple[float, float] = (0.0, 0.0)  # of the centre, pixels per second
    histogram: Histogram | None = None
    seen: deque[bool] = field(default_factory=lambda: deque(maxlen=NUM_RECENT))

    def predicted(self, time_s: float) -> Box:
        """Where constant velocity would have carried the box; trusted for a quarter of a second."""
        ahead_s = min(time_s - self.time_s, 0.25)
        return replace(self.box, x=self.box.x + self.velocity[0] * ahead_s, y=self.box.y + self.velocity[1] * ahead_s)


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
        self._retire(time_s)
        histograms = [None if image is None else _histogram(image, face.box) for face in faces]
        pairs = self._assign(time_s, faces, histograms)
        for index, track in enumerate(self._tracks):
            track.seen.append(index in pairs)
        for index, number in pairs.items():
            _update(self._tracks[index], time_s, faces[number].box, histograms[number])
        for number in set(range(len(faces))) - set(pairs.values()):
            pairs[len(self._tracks)] = number
            self._tracks.append(_Track(faces[number].box, time_s, histogram=histograms[number], seen=deque([True], NUM_RECENT)))
        named = self._named(time_s, {number: self._tracks[index] for index, number in pairs.items()}, faces)
        return sorted(named, key=lambda face: face.box.width * face.box.height, reverse=True)

    def expected(self, time_s: float) -> list[Box]:
        """Where the people and the not yet believed faces followed should be at `time_s`."""
        return [track.predicted(time_s) for track in self._tracks if time_s - track.time_s <= self._options.lost_after_s]

    def is_complete(self, time_s: float, faces: list[Face], image: NDArray[np.uint8] | None = None) -> bool:
        """Whether these are exactly the people of the picture before, at least one and all of them believed; follows nothing."""
        histograms = [None if image is None else _histogram(image, face.box) for face in faces]
        pairs = self._assign(time_s, faces, histograms)
        seen = {index for index, track in enumerate(self._tracks) if track.seen[-1]}
        return bool(seen) and set(pairs) == seen and len(faces) == len(seen) and all(self._tracks[index].person for index in seen)

    def _retire(self, time_s: float) -> None:
        """Drop unbelieved faces no longer seen; set aside people who have left."""
        staying = []
        for track in self._tracks:
            if track.person and time_s - track.time_s > self._options.lost_after_s:
                self._gone.append(track)
            elif track.person or any(track.seen):
                staying.append(track)
        self._tracks = staying

    def _assign(self, time_s: float, faces: list[Face], histograms: list[Histogram | None]) -> dict[int, int]:
        """{index of track: index of face}, the cheapest pairing (Hungarian method)."""
        if not self._tracks or not faces:
            return {}
        costs = np.array(
            [
                [_cost(track, time_s, face.box, histogram) for face, histogram in zip(faces, histograms, strict=True)]
                for track in self._tracks
            ]
        )
        rows, columns = linear_sum_assignment(np.minimum(costs, 10 * MAX_COST))
        return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if costs[row, column] <= MAX_COST}

    def _named(self, time_s: float, tracks: dict[int, _Track], faces: list[Face]) -> list[Face]:
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
        known = [other for other in absent + self._gone if _is_again(other, track)]
        if known:
            again = max(known, key=lambda other: (_likeness(other.histogram, track.histogram) or 0.0, other.time_s))
            track.person = again.person
            self._tracks = [other for other in self._tracks if other is not again]
            self._gone = [other for other in self._gone if other is not again]
        elif sum(bool(other.person) for other in self._tracks) < self._options.max_faces:
            self._num_persons += 1
            track.person = f"person {self._num_persons}"


def _update(track: _Track, time_s: float, box: Box, histogram: Histogram | None) -> None:
    elapsed_s = max(time_s - track.time_s, 1e-3)
    (old_x, old_y), (new_x, new_y) = _centre(track.box), _centre(box)
    measured = (new_x - old_x) / elapsed_s, (new_y - old_y) / elapsed_s
    track.velocity = (
        track.velocity[0] + VELOCITY_PACE * (measured[0] - track.velocity[0]),
        track.velocity[1] + VELOCITY_PACE * (measured[1] - track.velocity[1]),
    )
    if histogram is not None:
        old = histogram if track.histogram is None else track.histogram
        track.histogram = (1 - APPEARANCE_PACE) * old + APPEARANCE_PACE * histogram
    track.box, track.time_s = box, time_s


def _cost(track: _Track, time_s: float, box: Box, histogram: Histogram | None) -> float:
    """0 for the same place, size and colours; above MAX_COST it cannot be the same face."""
    expected = track.predicted(time_s)
    size, expected_size = math.sqrt(box.width * box.height), math.sqrt(expected.width * expected.height)
    (x, y), (expected_x, expected_y) = _centre(box), _centre(expected)
    distance = math.hypot(x - expected_x, y - expected_y) / max(size, expected_size)
    reach = 1.0 + min(time_s - track.time_s, 1.0)  # the longer unseen, the further it may have moved
    growth = abs(math.log(size / expected_size))
    likeness = _likeness(track.histogram, histogram)
    return distance / reach + 0.5 * growth + (0.0 if likeness is None else 0.4 * (1.0 - likeness))


def _is_again(lost: _Track, found: _Track) -> bool:
    """True if a face may be the person lost before: by colours where known, else by place and size."""
    likeness = _likeness(lost.histogram, found.histogram)
    is_same_place = _cost(lost, lost.time_s, found.box, None) <= MAX_COST
    if likeness is None:
        return is_same_place
    return likeness >= (MIN_LIKENESS if is_same_place else MIN_LIKENESS_ELSEWHERE)


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def _histogram(image: NDArray[np.uint8], box: Box) -> Histogram | None:
    """(96,) hue and saturation of the face with hair and collar, and its brightness; sums to 1."""
    height, width = image.shape[:2]
    left, right = max(0, int(box.x - 0.2 * box.width)), min(width, int(box.x + 1.2 * box.width))
    top, bottom = max(0, int(box.y - 0.3 * box.height)), min(height, int(box.y + 1.6 * box.height))
    if right - left < 2 or bottom - top < 2:
        return None
    patch = cv2.resize(image[top:bottom, left:right], (48, 64), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(patch, cv2.COLOR_RGB2HSV)
    colour = cv2.calcHist([hsv], [0, 1], None, [16, 5], [0, 180, 0, 256]).ravel()
    light = cv2.calcHist([hsv], [2], None, [16], [0, 256]).ravel()
    both = np.concatenate([(1 - LIGHT_SHARE) * colour, LIGHT_SHARE * light])
    return np.asarray(both / both.sum(), np.float32)


def _likeness(one: Histogram | None, other: Histogram | None) -> float | None:
    """Bhattacharyya coefficient in [0, 1], None if either is unknown."""
    return None if one is None or other is None else float(np.sqrt(one * other).sum())
