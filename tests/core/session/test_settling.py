"""A session hands over what can change no more: put together again it is the same, and what is held stays level."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from emoasst_core.config import AnalysisOptions, CueOptions
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Box, Cue, CueState, Face, Frame, Modality, Source, Transcript, Word
from emoasst_core.session.pipeline import Pipeline
from emoasst_core.session.record_parts import RecordKeeper, packed
from emoasst_core.session.timeline_builder import TimelineBuilder
from emoasst_core.session.worker_process import Settles
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.windows.voice_activity import SpeechChunk

RATE_HZ = 2
IMAGE = np.random.default_rng(0).integers(60, 200, (120, 160, 3), np.uint8)
HUM = (0.2 * np.sin(2 * np.pi * 180 * np.arange(SAMPLE_RATE_HZ // RATE_HZ) / SAMPLE_RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_spans_handed_over_on_the_way_and_the_rest_are_the_spans_of_one_that_kept_all(seed: int) -> None:
    chance = random.Random(seed)
    whole, handing = TimelineBuilder(CueOptions(), 0.3), TimelineBuilder(CueOptions(), 0.3)
    handed = []
    for number in range(2_000):
        now_s = number / 10
        probs = np.full(7, 0.05, np.float32)
        probs[chance.randrange(3)] = chance.choice((0.7, 0.3))
        source, person, state = (
            chance.choice((Source.FACE, Source.VOICE)),
            chance.choice(("p1", "p2")),
            chance.choice(list(CueState)),
        )
        for builder in (whole, handing):
            builder.add_reading(source, now_s, now_s + 0.1, person, probs)
            if number % 37 == 0:
                builder.add_cue(Cue(now_s, state))
        if number % 50 == 0:
            handed += handing.settle(now_s - 20.0)
    rest = handing.spans(200.0)
    assert len(rest) < 60 < len(handed)
    assert sorted((*handed, *rest), key=repr) == sorted(whole.spans(200.0), key=repr)


class LoudIsSpeech:
    """What is heard is said."""

    def feed(self, block: AudioBlock) -> list[SpeechChunk]:
        return [SpeechChunk(block.start_s, block.end_s, float(np.abs(block.samples).max() > 0.1))]


class Captions:
    """Words for every utterance, after the next `LATE` questions for them."""

    LATE = 8
    num_waiting = 0

    def __init__(self) -> None:
        self._asked: list[tuple[int, float, int]] = []
        self._num_questions = 0

    def prepare(self) -> None:
        """Ready at once."""

    def submit(self, number: int, samples: np.ndarray, start_s: float) -> None:
        self._asked.append((number, start_s, self._num_questions))

    def collect(self, wait: bool = False) -> list[tuple[int, Transcript]]:
        self._num_questions += 1
        ready = [asked for asked in self._asked if wait or self._num_questions - asked[2] > self.LATE]
        self._asked = self._asked[len(ready) :]
        return [
            (number, Transcript((Word(at, at + 0.2, "so"), Word(at + 0.2, at + 0.5, f"{number}")), "made up"))
            for number, at, _ in ready
        ]


class Reader:
    """A recogniser that names the colour of a corner, and says of words how many came before."""

    encoder_hash = "made up"

    def embed_crops(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([np.eye(8, dtype=np.float32)[int(crop.mean()) % 7] for crop in crops] or [np.zeros(8, np.float32)])

    def embed_video(self, frames: np.ndarray) -> np.ndarray:
        return np.asarray(frames.mean(axis=0), np.float32)

    def embed_voice(self, samples: np.ndarray) -> np.ndarray:
        return np.eye(8, dtype=np.float32)[len(samples) % 7]

    def embed_words(self, text: str, context: Sequence[str] = ()) -> np.ndarray:
        return np.eye(8, dtype=np.float32)[len(context)]

    def encode(self, utterance) -> dict[Modality, np.ndarray]:
        found = {}
        if utterance.frame_embeddings is not None:
            found[Modality.FACE] = self.embed_video(utterance.frame_embeddings)
        if utterance.samples is not None:
            found[Modality.VOICE] = self.embed_voice(utterance.samples)
        return found

    def classify(self, embeddings, person: str = "") -> np.ndarray:
        mean = np.mean(list(embeddings.values()), axis=0)[:7] + 0.02
        return np.asarray(mean / mean.sum(), np.float32)


def opened(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Finds one face in each picture, at the same place."""
    face = Face(0.0, Box(50.0, 30.0, 60.0, 60.0), 0.9, "face-1")
    monkeypatch.setattr(
        "emoasst_core.faces.face_search.FaceSearch.find", lambda _self, frame: [replace(face, time_s=frame.time_s)]
    )

    monkeypatch.setattr("emoasst_core.session.pipeline.VoiceActivity", LoudIsSpeech)

    class NoDetector:
        name = "cascade"

    return Pipeline(Reader(), AnalysisOptions(), NoDetector(), Captions(), "test")  # type: ignore[arg-type]


def play(pipeline: Pipeline, minutes: float) -> Iterator[Pipeline]:
    """A face whose picture changes every six seconds, and two seconds of hum in every eight; yields every five seconds."""
    for number in range(round(minutes * 60 * RATE_HZ)):
        now_s = number / RATE_HZ
        pipeline.feed(Frame(now_s, np.roll(IMAGE + int(now_s) // 6 % 5, int(now_s) // 6, axis=1)))
        pipeline.feed(AudioBlock(now_s, HUM if now_s % 8 < 2 else np.zeros_like(HUM)))
        if number % (5 * RATE_HZ) == 0:
            yield pipeline


def comparable(record: SessionRecord) -> tuple[object, ...]:
    rows = [(replace(row, embeddings={}), {kind: tuple(v) for kind, v in row.embeddings.items()}) for row in record.utterances]
    return record.duration_s, rows, sorted(record.timeline.spans, key=repr), record.timeline.words


def test_a_session_handed_over_piece_by_piece_is_the_one_kept_whole_and_what_is_held_is_that_of_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, handing, keeper, held = opened(monkeypatch), opened(monkeypatch), RecordKeeper(), []
    assert isinstance(handing, Settles)
    for _ in play(whole, 8.0):
        pass
    for pipeline in play(handing, 8.0):
        settled = pipeline.settle()
        record = pipeline.record()
        keeper.take(record, None if settled is None else packed(settled))
        held.append(len(record.utterances) + len(record.timeline.spans) + len(record.timeline.words))
    whole.finish(), handing.finish()
    keeper.take(handing.record())
    kept = keeper.whole()
    assert kept is not None and len(kept.utterances) > 100 and len(kept.timeline.words) > 80
    assert comparable(kept) == comparable(whole.record())
    quarter = len(held) // 4
    assert max(held[-quarter:]) <= 1.2 * max(held[quarter : 2 * quarter])


def test_an_utterance_without_its_words_is_kept_until_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Captions, "LATE", 1_000)  # things fed, four a second: more than four minutes
    pipeline, pieces = opened(monkeypatch), []
    for _ in play(pipeline, 7.0):
        pieces.append(pipeline.settle())
    pipeline.finish()
    rows = [row for piece in (*pieces, pipeline.record()) if piece is not None for row in piece.utterances]
    spoken = [row for row in rows if row.is_speech]
    assert len(spoken) > 40 and all(row.text == f"so {row.number}" for row in spoken)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


def test_what_a_process_found_before_it_died_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, first = RecordKeeper(), opened(monkeypatch)
    for pipeline in play(first, 4.0):
        settled = pipeline.settle()
        keeper.take(pipeline.record(), None if settled is None else packed(settled))
    seen_s = keeper.whole().duration_s
    keeper.worker_lost()
    second = opened(monkeypatch)
    for _ in play(second, 5.0):
        pass
    keeper.take(second.record())
    record = keeper.whole()
    assert record.duration_s == second.record().duration_s
    numbers = [row.number for row in record.utterances]
    assert numbers == list(range(1, len(numbers) + 1))
    assert any(row.end_s <= seen_s - 120 for row in record.utterances), "what was handed over early is still there"
    assert all(
        before.end_s <= after.start_s + 0.01 for before, after in zip(record.utterances, record.utterances[1:], strict=False)
    )
