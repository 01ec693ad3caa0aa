"""Reads one face over a short window that begins anew when its expression changes."""

from __future__ import annotations

from dataclasses import dataclass

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.session.observations import FaceMemory
from emoasst_core.session.utterance_book import UtteranceBook

NUM_NEWEST = 2  # pictures that must agree on something else before the window is cut: one alone may be a blink
MIN_CHANGE_PROB = 0.5  # ... and how sure they must be of it


@dataclass(frozen=True, slots=True)
class FaceReading:
    """What a face says now; `is_fresh` where the window was cut just now."""

    probs: Vector
    vector: Vector
    is_fresh: bool = False


class FaceReader:
    """One window for each person in view.

    The newest two pictures are read by themselves beside the whole window. Where they name another emotion, and are sure
    of it, the window begins with them: a smile is then not averaged with the second before it.

    Args:
        book: fuses frames and classifies.
        faces: embeddings of the last seconds.
        window_s: the longest window.
    """

    def __init__(self, book: UtteranceBook, faces: FaceMemory, window_s: float) -> None:
        self._book, self._faces, self._window_s = book, faces, window_s
        self._begins_s: dict[str, float] = {}

    def read(self, person: str, time_s: float) -> FaceReading | None:
        """The reading at `time_s`, or None where nothing of that person could be embedded in the window."""
        start_s = max(time_s - self._window_s, self._begins_s.get(person, 0.0))
        seen = [face for face in self._faces.between(person, start_s, time_s) if face.embedding is not None]
        if not seen:
            return None
        whole = self._read(person, seen[0].time_s, time_s)
        if len(seen) <= NUM_NEWEST:
            return whole
        newest_s = seen[-NUM_NEWEST].time_s
        newest = self._read(person, newest_s, time_s)
        has_changed = newest.probs.argmax() != whole.probs.argmax() and newest.probs.max() >= MIN_CHANGE_PROB
        if not has_changed:
            return whole
        self._begins_s[person] = newest_s
        return FaceReading(newest.probs, newest.vector, is_fresh=True)

    def _read(self, person: str, start_s: float, end_s: float) -> FaceReading:
        vector = self._book.embed_window(person, start_s, end_s)
        assert vector is not None, "the caller has seen a face in this stretch"
        return FaceReading(self._book.classify({Modality.FACE: vector}, person), vector)
