"""The sentence of the README as a program: frames and sound in, readings, cues and words out.

A recording being analysed and a live conversation run through this same object; only who feeds it differs. Every
analysed picture is embedded once, on arrival; windows and utterances choose among these embeddings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.familiarity import Familiarity
from emoasst_core.config import AnalysisOptions
from emoasst_core.cues.policy import CuePolicy
from emoasst_core.datatypes import AudioBlock, Face, Frame, Timeline, TimelineSpan, Transcript, Word
from emoasst_core.faces.detector import FaceDetector
from emoasst_core.faces.quality import find_obstacle
from emoasst_core.faces.tracker import FaceTracker
from emoasst_core.session.caption_feed import CaptionFeed
from emoasst_core.session.captioner import Captioner
from emoasst_core.session.embedding_pace import SHARE, EmbeddingPace
from emoasst_core.session.events import (
    CaptionHeard,
    CueChanged,
    FacesSeen,
    LevelHeard,
    PeopleSeen,
    Predicted,
    ProgressMade,
    SessionEvent,
    WordsHeard,
)
from emoasst_core.session.face_watch import FaceWatch, LookedAt
from emoasst_core.session.focus import Focus
from emoasst_core.session.identities import Identities
from emoasst_core.session.observations import FaceMemory, SeenFace, SoundMemory
from emoasst_core.session.people_watch import PeopleWatch
from emoasst_core.session.plan import SessionPlan
from emoasst_core.session.stage_clock import StageClock
from emoasst_core.session.timeline_builder import TimelineBuilder
from emoasst_core.session.utterance_book import UtteranceBook
from emoasst_core.store.sessions import SessionRecord, UtteranceRow
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.windows.sound_quality import level_db
from emoasst_core.windows.utterance_segmenter import UtteranceSegmenter
from emoasst_core.windows.voice_activity import VoiceActivity

SETTLE_EVERY_S = 60.0
SETTLED_AFTER_S = 120.0  # longer than an utterance, its captions and what was said before it are needed
JOIN_GAP_S = 0.3  # readings of one lane that say the same are one span unless further apart than this
SOMEONE_NEW = "someone new"  # in the way of reading a face that nobody knows, or that may not be read
FRONTAL_SHARE = 0.28  # of the eyes' distance: in a face seen from the front the nose is at least this far from either


class Pipeline:
    """One session's analysis.

    Args:
        recogniser: the models, with the family's shots in place.
        options: rates, windows and cue rules; the model's own cue thresholds must already be merged in.
        detector: finds faces.
        captioner: transcribes; None leaves the words out.
        recording: name kept with the session.
        profile: name of the model profile, kept with the session.
        identities: who is known by face; None for nobody.
        familiarity: what the family's answered clips are like; None for no clips.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        options: AnalysisOptions,
        detector: FaceDetector,
        captioner: Captioner | None = None,
        recording: str = "",
        profile: str = "starter",
        identities: Identities | None = None,
        familiarity: Familiarity | None = None,
    ) -> None:
        self.options, self.recogniser, self.recording, self.profile = options, recogniser, recording, profile
        self.stages = StageClock()
        self._identities, self._people_watch = identities or Identities(), PeopleWatch()
        rate_hz = options.faces.analysis_rate_hz
        self._watch = FaceWatch(detector, FaceTracker(options.faces), self._identities, rate_hz, self.stages)
        self._voice_activity = VoiceActivity()
        self._segmenter = UtteranceSegmenter(options.windows)
        self._faces, self._sound = FaceMemory(), SoundMemory()
        self._captions = CaptionFeed(captioner, self._sound, options.partial_captions)
        self._timeline = TimelineBuilder(options.cues, JOIN_GAP_S)
        self._book = UtteranceBook(recogniser, options.windows, self._faces, self._sound, self._timeline, self.stages)
        self._focus = Focus(CuePolicy(options.cues), self._book, self._faces, options, self.stages, familiarity or Familiarity())
        self._pace = EmbeddingPace(SHARE if options.partial_captions else 0.0)  # a recording waits
        self._listener: Callable[[SessionEvent], None] | None = None
        self._started_at = datetime.now(UTC)
        self._now_s = 0.0
        self._last_step_s = self._settled_until_s = 0.0
        self._has_picture = self._has_sound = False
        self._words: list[Word] = []
        self._words_model = ""

    def tell_early(self, listener: Callable[[SessionEvent], None]) -> None:
        """Tell where the faces are as soon as they are found, and not only when they have been read."""
        self._listener = listener

    def use_plan(self, plan: SessionPlan) -> None:
        """Read only whom the plan allows, from now on."""
        self._identities.plan = plan

    def feed(self, item: Frame | AudioBlock | LookedAt, is_behind: bool = False) -> list[SessionEvent]:
        """Take in the next picture or block of sound, in time order.

        Args:
            item: a `Frame`, or what `look` made of it.
            is_behind: a later picture waits already: this one is not embedded.

        Returns:
            What became known by it.
        """
        if isinstance(item, AudioBlock):
            events = self._hear(item) if len(item.samples) else []  # nothing was captured: only time has passed
            is_analysed = False
        else:
            self._has_picture = True
            looked = self.look(item) if isinstance(item, Frame) else item
            is_analysed = looked is not None
            events = self._see(looked, is_behind) if looked is not None else []
        self._now_s = max(self._now_s, item.end_s if isinstance(item, AudioBlock) else item.time_s)
        since_s = self._now_s - self._last_step_s
        if since_s > 0 and (is_analysed or since_s >= self.options.windows.hop_s):
            events += self._step(self._now_s)
        return events + self._collect_words()

    def finish(self) -> list[SessionEvent]:
        """Close what is open and wait for the last words."""
        events: list[SessionEvent] = []
        for start_s, end_s in self._segmenter.flush(self._now_s):
            events += self._close_utterance(start_s, end_s)
        self._book.close_windows(self._now_s)
        with self.stages.measure("waiting for captions"):
            events += self._collect_words(wait=True)
        return [*events, ProgressMade(self._now_s, self._now_s)]

    def record(self) -> SessionRecord:
        """The session as known so far, without what `settle` handed over; may be asked for at any time."""
        spans = self._timeline.spans(self._now_s, self._book.fused_readings())
        return self._record(spans, self._words, self._book.rows())

    def settle(self) -> SessionRecord | None:
        """Hand over what can change no more, so that a long session fills no memory; None where there is nothing yet.

        `record` is without it from now on; `record_parts` puts them together again.
        """
        before_s = self._now_s - SETTLED_AFTER_S
        if before_s - self._settled_until_s < SETTLE_EVERY_S:
            return None
        self._settled_until_s = before_s
        rows, fused = self._book.settle(before_s, self._captions.is_on)
        spans = (*self._timeline.settle(before_s), *fused)
        words = [word for word in self._words if word.end_s < before_s]
        self._words = [word for word in self._words if word.end_s >= before_s]
        return self._record(spans, words, rows) if spans or words or rows else None

    def _record(self, spans: Iterable[TimelineSpan], words: Iterable[Word], rows: tuple[UtteranceRow, ...]) -> SessionRecord:
        by_time = tuple(sorted(words, key=lambda word: word.start_s))
        timeline = Timeline(self.recording, self._now_s, tuple(spans), by_time, self._words_model)
        return SessionRecord(
            "", self.recording, self._started_at, self._now_s, self.profile, self.recogniser.encoder_hash, timeline, rows
        )

    def look(self, frame: Frame) -> LookedAt | None:
        """Find the faces of a picture, and tell of them early; may run on another thread than `feed`.

        Returns:
            What `feed` takes in place of the picture; None where more pictures come than are analysed.
        """
        looked = self._watch.look(frame)
        if looked is not None and self._listener is not None:
            self._listener(FacesSeen(looked.time_s, looked.named))
        return looked

    def _see(self, looked: LookedAt, is_behind: bool) -> list[SessionEvent]:
        for track, person in looked.renamed:
            self._faces.rename(track, person)
            self._focus.policy.rename(track, person)
        events: list[SessionEvent] = [ProgressMade(looked.time_s, 0.0)]
        if self._listener is None:
            events.insert(0, FacesSeen(looked.time_s, looked.named))
        persons = self._people_watch.see(looked.time_s, [face.person for face in looked.named])
        if persons is not None:
            events.append(PeopleSeen(persons))
        for face, picture in zip(looked.named, looked.pictures, strict=True):
            if not self._identities.is_child(face.person):
                self._book.lips.see(face.person, looked.time_s, picture)
        if not looked.named or (not is_behind and self._pace.takes(looked.time_s)):
            self._faces.note_frame(looked.time_s)
            self._remember(looked)
        return events

    def _remember(self, looked: LookedAt) -> None:
        """Embed the faces of a picture that may be read; the child's leaves no trace in the analysis."""
        faces: list[Face] = []
        crops: list[NDArray[np.uint8]] = []
        obstacles: list[str] = []
        for track, face, picture in zip(looked.tracked, looked.named, looked.pictures, strict=True):
            if self._identities.is_child(face.person):
                continue
            may_read = self._identities.may_read(track.person, face.person)
            faces.append(face)
            crops.append(picture)
            obstacles.append(find_obstacle(picture) if may_read else SOMEONE_NEW)
        readable = [picture for picture, obstacle in zip(crops, obstacles, strict=True) if not obstacle]
        started_s = time.perf_counter()
        with self.stages.measure("embedding faces"):
            embeddings = iter(self.recogniser.embed_crops(readable))
        if readable:
            self._pace.took(looked.time_s, time.perf_counter() - started_s)
        for face, obstacle in zip(faces, obstacles, strict=True):
            embedding = None if obstacle else next(embeddings)
            self._faces.add(face.person, SeenFace(looked.time_s, face.box, is_frontal(face), embedding, obstacle))

    def _hear(self, block: AudioBlock) -> list[SessionEvent]:
        if not self._has_sound:
            self._captions.prepare()
        self._has_sound = True
        self._sound.add(block)
        with self.stages.measure("finding speech"):
            finished = self._segmenter.feed(self._voice_activity.feed(block))
        events: list[SessionEvent] = [LevelHeard(block.end_s, level_db(block.samples))]
        for start_s, end_s in finished:
            events += self._close_utterance(start_s, end_s)
        return events

    def _close_utterance(self, start_s: float, end_s: float) -> list[SessionEvent]:
        self._book.close_windows(start_s)
        self._captions.end(self._book.next_number, start_s, end_s)  # first: the words are read beside all that follows
        prediction = self._book.close_utterance(start_s, end_s)
        return [Predicted(prediction)] if prediction else []

    def _step(self, time_s: float) -> list[SessionEvent]:
        """Read who is in view and who speaks, and let the policy decide."""
        start_s, self._last_step_s = self._last_step_s, time_s
        speaking_since_s = self._segmenter.open_since_s
        if speaking_since_s is None:
            self._book.close_windows(time_s - self.options.windows.min_speech_s - self.options.windows.min_silence_s, whole=True)
        self._captions.go_on(time_s, speaking_since_s, self._segmenter.silent_s)
        predictions, cue = self._focus.read(start_s, time_s, speaking_since_s, self._has_picture, self._has_sound)
        events: list[SessionEvent] = [Predicted(prediction) for prediction in predictions]
        if cue is not None:
            self._timeline.add_cue(cue)
            events.append(CueChanged(cue))
        return events

    def _partial_caption(self, transcript: Transcript) -> list[SessionEvent]:
        """The words so far of speech that still goes on; late ones of a finished utterance say nothing."""
        since_s = self._segmenter.open_since_s
        words = [word for word in transcript.words if since_s is not None and word.end_s > since_s]
        if since_s is None or not words:
            return []
        return [CaptionHeard(since_s, words[-1].end_s, " ".join(word.text for word in words), is_final=False)]

    def _collect_words(self, wait: bool = False) -> list[SessionEvent]:
        events: list[SessionEvent] = []
        for number, transcript in self._captions.collect(wait):
            if number < 0:
                events += self._partial_caption(transcript)
                continue
            self._words_model = transcript.model
            self._words.extend(transcript.words)
            with self.stages.measure("reading words"):
                prediction = self._book.add_words(number, transcript.text)
            events.append(WordsHeard(transcript))
            if transcript.words:
                start_s, end_s = transcript.words[0].start_s, transcript.words[-1].end_s
                events.append(CaptionHeard(start_s, end_s, transcript.text, is_final=True))
            if prediction is not None:
                events.append(Predicted(prediction))
        return events


def is_frontal(face: Face) -> bool:
    """Whether a face looks at the camera; a cascade face without landmarks is frontal by the way it was found."""
    if len(face.landmarks) < 3:
        return True
    (first_x, _), (second_x, _), (nose_x, _) = face.landmarks[:3]
    left, right = min(first_x, second_x), max(first_x, second_x)
    return min(nose_x - left, right - nose_x) >= FRONTAL_SHARE * max(right - left, 1e-6)
