"""What the pipeline remembers of the last seconds: face embeddings per person, and sound.

Every picture frame is embedded once, when it arrives; windows and utterances then choose among these embeddings.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Box, Vector
from emoasst_core.windows.frame_sampler import nearest, sample_times

KEPT_S = 30.0  # longer than the longest utterance, its captions and its gap before

TOGETHER_S = 1.0  # faces seen within so short a time are in view together


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face in one analysed frame; `embedding` is None where the crop could not be read, `obstacle` says why."""

    time_s: float
    box: Box
    is_frontal: bool
    embedding: Vector | None
    obstacle: str = ""

    @property
    def area_px(self) -> float:
        """Of the box: who is larger is nearer."""
        return self.box.width * self.box.height

    @property
    def is_readable(self) -> bool:
        """Whether it could be embedded."""
        return self.embedding is not None


class FaceMemory:
    """The faces of the last seconds, by person.

    Attributes:
        newest_frame_s: the picture analysed last, with or without a face; -1 before the first.
        frame_gap_s: typical time between two analysed pictures, 0 before the second.
    """

    def __init__(self) -> None:
        self._seen: dict[str, deque[SeenFace]] = {}
        self.newest_frame_s = -1.0
        self.frame_gap_s = 0.0

    def note_frame(self, time_s: float) -> None:
        """A picture was analysed, whether or not there was a face in it."""
        gap_s = time_s - max(0.0, self.newest_frame_s)
        self.frame_gap_s = gap_s if not self.frame_gap_s else 0.7 * self.frame_gap_s + 0.3 * min(gap_s, 2.0)
        self.newest_frame_s = time_s
        for person in [person for person, faces in self._seen.items() if time_s - faces[-1].time_s > KEPT_S]:
            del self._seen[person]  # each keeps hundreds of embeddings, and a conversation may have dozens of passers-by

    def newest(self, person: str) -> SeenFace | None:
        """That person's latest face."""
        faces = self._seen.get(person)
        return faces[-1] if faces else None

    def is_in_newest_frame(self, person: str) -> bool:
        """Whether the face was found in the picture analysed last."""
        latest = self.newest(person)
        return latest is not None and latest.time_s >= self.newest_frame_s - 1e-6

    def is_replaced(self, person: str) -> bool:
        """Whether somebody who came when they were gone stands in the newest picture where they were seen last.

        Who was seen beside them lately only passes before them.
        """
        latest = self.newest(person)
        if latest is None or self.is_in_newest_frame(person):
            return False
        together_s = latest.time_s - TOGETHER_S
        return any(
            latest.box.shares_place(faces[-1].box) and not self.between(name, together_s, latest.time_s)
            for name, faces in self._seen.items()
            if name != person and self.is_in_newest_frame(name)
        )

    def last_read_s(self, person: str) -> float | None:
        """When that person's face could last be embedded."""
        return next((face.time_s for face in reversed(self._seen.get(person, ())) if face.embedding is not None), None)

    def add(self, person: str, face: SeenFace) -> None:
        """Remember a face and forget those of long ago."""
        faces = self._seen.setdefault(person, deque())
        faces.append(face)
        while faces and face.time_s - faces[0].time_s > KEPT_S:
            faces.popleft()

    def rename(self, track: str, person: str) -> None:
        """A track turned out to be somebody known: what was seen of it is theirs."""
        faces = self._seen.pop(track, None)
        if faces is not None:
            earlier = self._seen.get(person, deque())
            self._seen[person] = deque(sorted((*earlier, *faces), key=lambda face: face.time_s))

    def persons(self, start_s: float, end_s: float) -> list[str]:
        """Who was seen in [start_s, end_s], those with the most picture area first."""
        areas = {
            person: sum(face.area_px for face in faces if start_s <= face.time_s <= end_s) for person, faces in self._seen.items()
        }
        return sorted((person for person, area in areas.items() if area > 0), key=lambda person: -areas[person])

    def between(self, person: str, start_s: float, end_s: float) -> list[SeenFace]:
        """That person's faces in [start_s, end_s], oldest first."""
        return [face for face in self._seen.get(person, ()) if start_s <= face.time_s <= end_s]

    def sample(self, person: str, start_s: float, end_s: float, num_frames: int) -> Vector | None:
        """Spread `num_frames` sample times over the stretch and take the embedding nearest to each.

        Returns:
            (num_frames, embed_dim), or None where that person was not readable in the stretch.
        """
        faces = [face for face in self.between(person, start_s, end_s) if face.embedding is not None]
        if not faces:
            return None
        times = np.array([face.time_s for face in faces])
        rows = nearest(sample_times(start_s, end_s, num_frames), times)
        return np.stack([faces[int(row)].embedding for row in rows])  # type: ignore[misc]


class SoundMemory:
    """The sound of the last seconds, contiguous."""

    def __init__(self) -> None:
        # One buffer, written once: an array made anew for every block left holes of 2 MB, and the process grew by them.
        self._buffer = np.zeros(int(2 * KEPT_S * SAMPLE_RATE_HZ), np.float32)
        self._first = self._last = 0  # what is remembered lies between the two
        self._start_s = 0.0

    @property
    def end_s(self) -> float:
        """Time just after the newest sample."""
        return self._start_s + (self._last - self._first) / SAMPLE_RATE_HZ

    def add(self, block: AudioBlock) -> None:
        """Append a block; a gap before it is filled with silence, what overlaps is left out: time stays true."""
        if self._last == self._first:
            self._start_s = block.start_s
        missing = max(0, round((block.start_s - self.end_s) * SAMPLE_RATE_HZ))
        while missing > 0:
            length = min(missing, SAMPLE_RATE_HZ)
            self._append(np.zeros(length, np.float32))
            missing -= length
        known = max(0, round((self.end_s - block.start_s) * SAMPLE_RATE_HZ))  # heard already: blocks that overlap
        for begin in range(known, len(block.samples), SAMPLE_RATE_HZ):
            self._append(block.samples[begin : begin + SAMPLE_RATE_HZ])

    def _append(self, samples: NDArray[np.float32]) -> None:
        """At most a second."""
        if self._last + len(samples) > len(self._buffer):
            length = self._last - self._first
            self._buffer[:length] = self._buffer[self._first : self._last]
            self._first, self._last = 0, length
        self._buffer[self._last : self._last + len(samples)] = samples
        self._last += len(samples)
        excess = self._last - self._first - int(KEPT_S * SAMPLE_RATE_HZ)
        if excess > SAMPLE_RATE_HZ:  # forgotten a second at a time
            self._first += excess
            self._start_s += excess / SAMPLE_RATE_HZ

    def between(self, start_s: float, end_s: float) -> NDArray[np.float32]:
        """(n,) samples of [start_s, end_s], as far as they are still remembered."""
        first = max(0, round((start_s - self._start_s) * SAMPLE_RATE_HZ))
        last = max(first, round((end_s - self._start_s) * SAMPLE_RATE_HZ))
        return self._buffer[self._first : self._last][first:last].copy()
