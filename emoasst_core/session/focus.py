"""Reads everyone in view at each step of the window, and chooses whose reading goes to the cue policy."""

from __future__ import annotations

import time

import numpy as np

from emoasst_core.classifier.familiarity import Familiarity
from emoasst_core.config import AnalysisOptions
from emoasst_core.cues.policy import CuePolicy, Reading
from emoasst_core.datatypes import Cue, CueState, Modality, Prediction, Source, Vector
from emoasst_core.emotions import NEUTRAL
from emoasst_core.session.embedding_pace import VOICE_SHARE, EmbeddingPace
from emoasst_core.session.face_reader import FaceReader, FaceReading
from emoasst_core.session.observations import FaceMemory, SeenFace
from emoasst_core.session.stage_clock import StageClock
from emoasst_core.session.utterance_book import UtteranceBook

FRESH_S = 0.45  # a face not seen for this long is not in view (four to five analysed frames at the usual rate)
FRESH_FRAMES = 1.5  # ... and never less than this many analysed frames, where few are analysed
MIN_VOICED_S = 1.0  # less speech than this is not read live
VOICE_EVERY_S = 0.8  # a live voice is read this often: its window hardly changes in between
VOICE_WINDOW_S = 4.0
VOICE_FRESH_S = 1.5
QUIET_AFTER_S = 5.0  # a sound-only session says so when nobody has spoken for this long


class Focus:
    """Keeps to one person as long as they are in view, then takes the one nearest to the camera.

    Args:
        policy: decides what is shown.
        book: embeds and classifies.
        faces: who was seen lately.
        options: length of the window.
        stages: where the time is counted.
        familiarity: what the answered clips of each person are like.
    """

    def __init__(
        self,
        policy: CuePolicy,
        book: UtteranceBook,
        faces: FaceMemory,
        options: AnalysisOptions,
        stages: StageClock,
        familiarity: Familiarity,
    ) -> None:
        self.policy, self._familiarity = policy, familiarity
        self._book, self._faces, self._options, self._stages = book, faces, options, stages
        self._reader = FaceReader(book, faces, options.windows.window_s)
        self._voice: tuple[float, Vector, Vector] | None = None
        self._pace = EmbeddingPace(VOICE_SHARE if options.partial_captions else 0.0)
        self._heard_s = 0.0
        self._seen_s = -1.0  # the analysed picture that was read last
        self._changed_s = -1.0  # when the face followed last changed, or became another's: earlier sound says nothing of it

    def read(
        self, start_s: float, end_s: float, speaking_since_s: float | None, has_picture: bool, has_sound: bool
    ) -> tuple[list[Prediction], Cue | None]:
        """One step: everybody in view and whoever speaks is read.

        Args:
            start_s, end_s: the step, since the one before; what is read reaches further back.
            speaking_since_s: start of the speech that is going on, or None.
            has_picture, has_sound: whether this session has them at all.

        Returns:
            The readings of this step, and the new cue if what is shown changes.
        """
        predictions = self._read_voice(end_s, speaking_since_s)
        if not has_picture:
            step = self._step_of_sound(end_s, has_sound)
            return predictions, self.policy.read(step) if step else self.policy.check_staleness(end_s)
        fresh_s = max(FRESH_S, FRESH_FRAMES * self._faces.frame_gap_s)
        is_new = self._faces.newest_frame_s > self._seen_s
        if not is_new and end_s - self._seen_s < fresh_s:  # a picture speaks once, however long the next one takes
            return predictions, self.policy.check_staleness(end_s)
        self._seen_s = self._faces.newest_frame_s
        readings: dict[str, FaceReading] = {}
        in_view = self._in_view(end_s - fresh_s, end_s)
        for person in in_view:
            reading = self._reader.read(person, end_s) if is_new and self._faces.is_in_newest_frame(person) else None
            if reading is not None:
                readings[person] = reading
                predictions.append(Prediction(start_s, end_s, Source.FACE, reading.probs, person))
                self._book.timeline.add_reading(Source.FACE, start_s, end_s, person, reading.probs)
        if not in_view:
            self._book.timeline.add_absence(Source.FACE, start_s, end_s, CueState.CANT_SEE)
        return predictions, self.policy.read(self._step_of_person(end_s, in_view, readings))

    def _in_view(self, start_s: float, end_s: float) -> list[str]:
        """Who was seen lately and not replaced since: those who can be read first, the nearest of them before the others."""
        persons = [person for person in self._faces.persons(start_s, end_s) if not self._faces.is_replaced(person)]
        return sorted(persons, key=lambda person: not self._faces.between(person, start_s, end_s)[-1].is_readable)

    def _read_voice(self, time_s: float, speaking_since_s: float | None) -> list[Prediction]:
        if speaking_since_s is None:
            return []
        self._heard_s = time_s
        is_due = self._pace.takes(time_s) and (self._voice is None or time_s - self._voice[0] >= VOICE_EVERY_S - 1e-6)
        start_s = max(speaking_since_s, time_s - VOICE_WINDOW_S, self._changed_s)
        if time_s - start_s < MIN_VOICED_S or not is_due:
            return []
        started_s = time.perf_counter()
        embedding = self._book.embed_speech(start_s, time_s)
        self._pace.took(time_s, time.perf_counter() - started_s)
        if embedding is None:
            return []
        probs = self._book.classify({Modality.VOICE: embedding})
        self._voice = (time_s, embedding, probs)
        return [Prediction(start_s, time_s, Source.VOICE, probs)]

    def _fresh_voice(self, time_s: float) -> tuple[Vector, Vector] | None:
        fresh_s = min(self._options.cues.stale_s, max(VOICE_FRESH_S, self._pace.apart_s))
        if self._voice is None or time_s - self._voice[0] > fresh_s:
            return None
        return self._voice[1], self._voice[2]

    def _step_of_person(self, time_s: float, in_view: list[str], readings: dict[str, FaceReading]) -> Reading:
        person = self.policy.person
        if in_view and (person not in in_view or (in_view[0] in readings and not self._is_readable(person))):
            if person:  # what was heard so far may be of the one before
                self._changed_s, self._voice = time_s, None
            person = in_view[0]
            self.policy.switch_person(person)
        if person not in readings or (latest := self._faces.newest(person)) is None or latest.obstacle:
            return self._absence(time_s, person)
        face = readings[person]
        if face.is_fresh:
            self._changed_s, self._voice = time_s, None
        voice = self._fresh_voice(time_s)
        is_strange = self._familiarity.is_strange({Modality.FACE: face.vector}, person)
        if voice is None or not self._is_speaker(person, in_view, time_s):
            return Reading(time_s, face.probs, is_supported=latest.is_frontal, is_fresh=face.is_fresh, is_strange=is_strange)
        probs = self._book.classify({Modality.FACE: face.vector, Modality.VOICE: voice[0]}, person)
        agrees = int(face.probs.argmax()) == int(voice[1].argmax())
        return Reading(
            time_s,
            probs,
            is_conflict=_differ(face.probs, voice[1], self._options.cues.conflict_prob),
            is_supported=latest.is_frontal or agrees,
            is_fresh=face.is_fresh,
            is_strange=is_strange,
        )

    def _is_speaker(self, person: str, in_view: list[str], time_s: float) -> bool:
        """Whether the voice heard lately is theirs, by their lips; where those cannot be told, only if nobody else is seen."""
        speaker = self._book.lips.speaker(in_view, time_s - VOICE_WINDOW_S, time_s)
        return len(in_view) == 1 if speaker is None else speaker == person

    def _is_readable(self, person: str) -> bool:
        latest = self._faces.newest(person)
        return latest is not None and latest.is_readable

    def _absence(self, time_s: float, person: str) -> Reading:
        """Nothing of that person can be read now; says why, and when it last could."""
        latest: SeenFace | None = self._faces.newest(person)
        is_seen = latest is not None and self._faces.is_in_newest_frame(person)
        reason = latest.obstacle if latest is not None and is_seen and latest.obstacle else "no face"
        return Reading(time_s, None, CueState.CANT_SEE, reason, last_read_s=self._faces.last_read_s(person))

    def _step_of_sound(self, time_s: float, has_sound: bool) -> Reading | None:
        voice = self._fresh_voice(time_s)
        if voice is not None:
            return Reading(time_s, voice[1], reason="voice")
        if has_sound and time_s - self._heard_s > QUIET_AFTER_S:
            return Reading(time_s, None, CueState.CANT_HEAR, "nobody speaks")
        return None


def _differ(face: Vector, voice: Vector, conflict_prob: float) -> bool:
    """Face and voice each sure of another emotion; a neutral voice beside a smile is no contradiction."""
    first, second = int(np.argmax(face)), int(np.argmax(voice))
    if first == second or NEUTRAL in (first, second):
        return False
    return min(float(face[first]), float(voice[second])) >= conflict_prob
