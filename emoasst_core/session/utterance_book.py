"""The utterances of a session: cut, embedded, classified, and classified again when their words arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from emoasst_core.config import WindowOptions
from emoasst_core.datatypes import CueState, Modality, Prediction, Source, TimelineSpan, Utterance, Vector
from emoasst_core.faces.lip_motion import LipMotion
from emoasst_core.session.observations import FaceMemory, SoundMemory
from emoasst_core.session.stage_clock import StageClock
from emoasst_core.session.timeline_builder import TimelineBuilder, as_mapping
from emoasst_core.store.utterances import UtteranceRow
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.windows.sound_quality import find_obstacle

SILENT_WINDOW_S = 3.2  # about the mean length of a MELD utterance (3.6 s): what is asked about later is of one size
MIN_WINDOW_S = 0.8  # a shorter rest of silence is left out
NUM_CONTEXT = 2  # utterances before one that its words are read with
MAX_CONTEXT_GAP_S = 30.0  # after a longer silence a new conversation begins
WORDS_WITHIN_S = 600.0  # words that come later than this are captions only
MIN_FACES = 3  # a window in which fewer faces could be read is not classified


@dataclass(slots=True)
class _Entry:
    utterance: Utterance
    embeddings: dict[Modality, Vector] = field(default_factory=dict)
    probs: Vector | None = None


class UtteranceBook:
    """Cuts, embeds and classifies the stretches of a session.

    Args:
        recogniser: the models.
        options: frames per utterance.
        faces, sound: what was seen and heard lately.
        timeline: takes the voice, words and fused lanes.
        stages: where the time is counted.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        options: WindowOptions,
        faces: FaceMemory,
        sound: SoundMemory,
        timeline: TimelineBuilder,
        stages: StageClock,
    ) -> None:
        self.recogniser, self.timeline = recogniser, timeline
        self._options, self._faces, self._sound, self._stages = options, faces, sound, stages
        self.lips = LipMotion()
        self._entries: list[_Entry] = []  # those not handed over yet
        self._num_settled = self._num_heard = 0  # the last number handed over; the last whose words came
        self._covered_s = 0.0

    @property
    def next_number(self) -> int:
        """Of the utterance that is closed next."""
        return self._num_settled + len(self._entries) + 1

    def close_utterance(self, start_s: float, end_s: float) -> Prediction | None:
        """Classify a finished stretch of speech; the reading of what could be seen and heard, if anything."""
        samples = self._sound.between(start_s, end_s)
        obstacle = find_obstacle(samples)
        if obstacle:
            self.timeline.add_absence(Source.VOICE, start_s, end_s, CueState.CANT_HEAR)
        entry = self._classify(start_s, end_s, is_speech=True, samples=None if obstacle else samples)
        self._covered_s = max(self._covered_s, end_s)
        if Modality.VOICE in entry.embeddings:
            voice = self.classify({Modality.VOICE: entry.embeddings[Modality.VOICE]}, entry.utterance.person)
            self.timeline.add_reading(Source.VOICE, start_s, end_s, entry.utterance.person, voice)
        return self._prediction(entry)

    def close_windows(self, until_s: float, whole: bool = False) -> None:
        """Classify the silence up to `until_s`, in windows; with `whole` only windows of full length."""
        while until_s - self._covered_s >= (SILENT_WINDOW_S if whole else MIN_WINDOW_S):
            end_s = min(self._covered_s + SILENT_WINDOW_S, until_s)
            persons = self._faces.persons(self._covered_s, end_s)
            seen = self._faces.between(persons[0], self._covered_s, end_s) if persons else []
            if sum(face.embedding is not None for face in seen) >= MIN_FACES:
                self._classify(self._covered_s, end_s, is_speech=False, samples=None)
            self._covered_s = end_s
        if not whole:
            self._covered_s = max(self._covered_s, until_s)

    def add_words(self, number: int, text: str) -> Prediction | None:
        """Add the transcript of an utterance and classify it again.

        Returns:
            The new reading, if the words say something.
        """
        self._num_heard = max(self._num_heard, number)
        if number <= self._num_settled:
            return None  # minutes late
        entry = self._entries[number - 1 - self._num_settled]
        entry.utterance = replace(entry.utterance, text=text, context=self._context(number))
        embedding = self.recogniser.embed_words(text, entry.utterance.context)
        if embedding is None:
            return None
        entry.embeddings[Modality.WORDS] = embedding
        utterance = entry.utterance
        words = self.classify({Modality.WORDS: embedding}, utterance.person)
        self.timeline.add_reading(Source.WORDS, utterance.start_s, utterance.end_s, utterance.person, words)
        entry.probs = self.classify(entry.embeddings, utterance.person)
        return self._prediction(entry)

    def embed_window(self, person: str, start_s: float, end_s: float) -> Vector | None:
        """(embed_dim,) of one person's face frames in a window, or None where they could not be read."""
        frames = self._faces.sample(person, start_s, end_s, self._options.num_frames)
        if frames is None:
            return None
        with self._stages.measure("fusing frames"):
            return self.recogniser.embed_video(frames)

    def embed_speech(self, start_s: float, end_s: float) -> Vector | None:
        """(embed_dim,) of the sound in a window, or None where it cannot be read."""
        samples = self._sound.between(start_s, end_s)
        if find_obstacle(samples):
            return None
        with self._stages.measure("embedding voices"):
            return self.recogniser.embed_voice(samples)

    def classify(self, embeddings: Mapping[Modality, Vector], person: str = "") -> Vector:
        """{modality: (embed_dim,)} -> (num_emotions,) calibrated probabilities; `person` is whose face or voice it is."""
        with self._stages.measure("classifying"):
            return self.recogniser.classify(embeddings, person)

    def rows(self) -> tuple[UtteranceRow, ...]:
        """The utterances as they are kept, but for those handed over."""
        return tuple(self._row(entry) for entry in self._entries)

    def settle(self, before_s: float, awaits_words: bool) -> tuple[tuple[UtteranceRow, ...], list[TimelineSpan]]:
        """Hand over the utterances that can change no more, and forget them.

        Args:
            before_s: later ones are needed still, as what was said before others.
            awaits_words: whether utterances get words at all; one without them waits for `WORDS_WITHIN_S`.

        Returns:
            Their rows, and their spans of the fused lane.
        """
        num_settled = 0
        for entry in self._entries:
            utterance = entry.utterance
            is_awaited = awaits_words and utterance.is_speech and utterance.number > self._num_heard
            if utterance.end_s >= before_s - (WORDS_WITHIN_S if is_awaited else 0.0):
                break
            num_settled += 1
        settled, self._entries = self._entries[:num_settled], self._entries[num_settled:]
        self._num_settled += num_settled
        return tuple(self._row(entry) for entry in settled), self.timeline.joint(_readings(settled))

    def _classify(self, start_s: float, end_s: float, is_speech: bool, samples: Vector | None) -> _Entry:
        person = self._person_of(start_s, end_s, is_speech)
        frames = self._faces.sample(person, start_s, end_s, self._options.num_frames) if person else None
        utterance = Utterance(self.next_number, start_s, end_s, is_speech, person, frames, samples)
        with self._stages.measure("embedding utterances"):
            embeddings = self.recogniser.encode(utterance)
        entry = _Entry(replace(utterance, frame_embeddings=None, samples=None), embeddings)
        if entry.embeddings:
            entry.probs = self.classify(entry.embeddings, person)
        self._entries.append(entry)
        return entry

    def _person_of(self, start_s: float, end_s: float, is_speech: bool) -> str:
        """Whose utterance it is: who moved their lips; in silence, and where lips cannot be told, the largest face."""
        persons = self._faces.persons(start_s, end_s)
        if not persons:
            return ""
        speaker = self.lips.speaker(persons, start_s, end_s) if is_speech else None
        return persons[0] if speaker is None else speaker

    def _context(self, number: int) -> tuple[str, ...]:
        """What was said just before an utterance, oldest first, as far as its transcripts have arrived."""
        texts: list[str] = []
        place = number - 1 - self._num_settled
        next_start_s = self._entries[place].utterance.start_s
        for entry in reversed(self._entries[:place]):
            before = entry.utterance
            if len(texts) == NUM_CONTEXT or next_start_s - before.end_s > MAX_CONTEXT_GAP_S:
                break
            if before.text:
                texts.insert(0, before.text)
                next_start_s = before.start_s
        return tuple(texts)

    def _prediction(self, entry: _Entry) -> Prediction | None:
        if entry.probs is None:
            return None
        utterance = entry.utterance
        return Prediction(utterance.start_s, utterance.end_s, Source.FUSED, entry.probs, utterance.person)

    def _row(self, entry: _Entry) -> UtteranceRow:
        utterance = entry.utterance
        if entry.probs is None:
            state, emotion, probs = CueState.CANT_HEAR if utterance.is_speech else CueState.CANT_SEE, None, {}
        else:
            state, emotion = self.timeline.judge(entry.probs)
            probs = as_mapping(entry.probs)
        return UtteranceRow(
            utterance.number, utterance.start_s, utterance.end_s, utterance.is_speech, utterance.person, utterance.text,
            emotion, state, probs, dict(entry.embeddings),
        )  # fmt: skip

    def fused_readings(self) -> list[tuple[Utterance, Vector]]:
        """Every classified stretch with its present reading, for the fused lane."""
        return _readings(self._entries)


def _readings(entries: Sequence[_Entry]) -> list[tuple[Utterance, Vector]]:
    return [(entry.utterance, entry.probs) for entry in entries if entry.probs is not None]
