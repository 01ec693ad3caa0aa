"""The pipeline on real media and the bundled model: one embedding per picture, absent modalities absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.config import AnalysisOptions, FaceOptions
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, CueState, Frame, Modality, Source
from emoasst_core.paths import demo_recording
from emoasst_core.session.events import CueChanged, FacesSeen, Predicted
from emoasst_core.session.face_pictures import read_face
from emoasst_core.session.identities import Identities
from emoasst_core.session.pipeline import Pipeline
from emoasst_core.session.pipeline_factory import find_detector, load_recogniser
from emoasst_core.session.plan import SessionPlan


@pytest.fixture
def pipeline() -> Pipeline:
    recogniser = load_recogniser("starter")
    recogniser.use_shots([])
    options = AnalysisOptions(transcribe=False)
    return Pipeline(recogniser, options, find_detector(options), None, "test")


def play(pipeline: Pipeline, items: list[Frame | AudioBlock]) -> list:
    events = [event for item in items for event in pipeline.feed(item)]
    return events + pipeline.finish()


def demo_items(seconds: float, picture: bool = True, sound: bool = True) -> list[Frame | AudioBlock]:
    items = []
    for item in MediaFile(demo_recording(), 8.0):
        start_s = item.time_s if isinstance(item, Frame) else item.start_s
        if start_s > seconds:
            break
        if isinstance(item, Frame) if picture and not sound else isinstance(item, AudioBlock) if sound and not picture else True:
            items.append(item)
    return items


def test_every_face_is_embedded_once_however_many_windows_it_is_in(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    embedded = []
    embed_crops = pipeline.recogniser.embed_crops
    monkeypatch.setattr(pipeline.recogniser, "embed_crops", lambda crops: embedded.extend(crops) or embed_crops(crops))
    events = play(pipeline, demo_items(6.0))
    assert 0 < len(embedded) <= sum(len(event.faces) for event in events if isinstance(event, FacesSeen))
    windows = [event for event in events if isinstance(event, Predicted) and event.prediction.source is Source.FACE]
    assert len(windows) > 5


def test_sound_alone_has_no_face_modality_anywhere(pipeline: Pipeline):
    events = play(pipeline, demo_items(8.0, picture=False))
    record = pipeline.record()
    assert not [event for event in events if isinstance(event, FacesSeen)]
    assert not [span for span in record.timeline.spans if span.source is Source.FACE]
    assert record.utterances
    assert all(set(row.embeddings) == {Modality.VOICE} for row in record.utterances if row.embeddings)


def test_pictures_alone_have_no_voice_modality_anywhere(pipeline: Pipeline):
    play(pipeline, demo_items(8.0, sound=False))
    record = pipeline.record()
    assert not [span for span in record.timeline.spans if span.source is Source.VOICE]
    assert any(row.embeddings for row in record.utterances)
    assert all(set(row.embeddings) == {Modality.FACE} and not row.is_speech for row in record.utterances if row.embeddings)


def test_a_fused_reading_differs_from_both_of_its_parts(pipeline: Pipeline):
    recogniser = pipeline.recogniser
    rng = np.random.default_rng(0)
    face = recogniser.embed_video(rng.normal(size=(24, recogniser.vision.embed_dim)).astype(np.float32))
    voice = recogniser.embed_voice(rng.normal(size=SAMPLE_RATE_HZ).astype(np.float32) * 0.1)
    assert voice is not None
    both = recogniser.classify({Modality.FACE: face, Modality.VOICE: voice})
    for part in ({Modality.FACE: face}, {Modality.VOICE: voice}):
        assert not np.allclose(both, recogniser.classify(part), atol=1e-3)
    assert both.sum() == pytest.approx(1, abs=1e-5)


def test_more_frames_than_the_analysis_rate_are_not_analysed(pipeline: Pipeline):
    image = np.full((240, 320, 3), 120, np.uint8)
    events = play(pipeline, [Frame(index / 30, image) for index in range(90)])
    assert 28 <= sum(isinstance(event, FacesSeen) for event in events) <= 32


def test_dark_pictures_are_said_to_be_dark_and_give_no_emotion(pipeline: Pipeline):
    frames = [Frame(item.time_s, (item.image // 12).astype(np.uint8)) for item in demo_items(4.0, sound=False)]
    events = play(pipeline, frames)
    cues = [event.cue for event in events if isinstance(event, CueChanged)]
    assert cues
    assert all(cue.emotion is None for cue in cues)


def test_the_record_can_be_asked_for_at_any_time(pipeline: Pipeline):
    items = demo_items(5.0)
    for item in items[: len(items) // 2]:
        pipeline.feed(item)
    early = pipeline.record()
    for item in items[len(items) // 2 :]:
        pipeline.feed(item)
    pipeline.finish()
    assert 0 < early.duration_s < pipeline.record().duration_s
    assert len(early.utterances) <= len(pipeline.record().utterances)


def test_demo_path_is_a_file():
    assert Path(demo_recording()).is_file()


def test_a_slow_analysis_rate_does_not_lose_the_face_between_two_frames():
    recogniser = load_recogniser("starter")
    recogniser.use_shots([])
    options = AnalysisOptions(faces=FaceOptions(analysis_rate_hz=1.0), transcribe=False)
    slow = Pipeline(recogniser, options, find_detector(options), None, "test")
    play(slow, demo_items(8.0, sound=False))
    absent = [span for span in slow.record().timeline.spans if span.source is Source.SHOWN and span.state is CueState.CANT_SEE]
    assert not [span for span in absent if span.start_s > 2.5]


def cues_of(recogniser, identities, plan, seconds=4.0):
    options = AnalysisOptions(transcribe=False)
    one = Pipeline(recogniser, options, find_detector(options), None, "test", identities=identities)
    one.use_plan(plan)
    return [event.cue for event in play(one, demo_items(seconds, sound=False)) if isinstance(event, CueChanged)]


def test_somebody_shown_before_is_named_and_a_face_outside_the_plan_gets_no_cue(monkeypatch: pytest.MonkeyPatch):
    recogniser = load_recogniser("starter")
    recogniser.use_shots([])
    frame = next(item for item in demo_items(3.0, sound=False) if item.time_s > 2.0)
    pictures = [("p-00000001", read_face(frame.image).embedding)]
    known = cues_of(recogniser, Identities(pictures, {"p-00000001": "adult"}), SessionPlan(("p-00000001",)))
    assert "p-00000001" in {cue.person for cue in known if cue.emotion}
    monkeypatch.setattr(
        recogniser, "embed_crops", lambda crops: pytest.fail("embedded") if crops else np.zeros((0, 128), np.float32)
    )
    other = cues_of(recogniser, Identities(pictures, {"p-00000001": "adult"}), SessionPlan(("p-00000002",)).without("p-00000002"))
    assert {cue.emotion for cue in other} == {None} and "someone new" in {cue.reason for cue in other}
    child = cues_of(recogniser, Identities(pictures, {"p-00000001": "child"}), SessionPlan(("p-00000001",)))
    assert {cue.emotion for cue in child} == {None}


def test_when_nothing_is_captured_any_more_no_emotion_stays_on_screen(pipeline: Pipeline):
    nothing = [AudioBlock(5.0 + number * 0.2, np.zeros(0, np.float32)) for number in range(12)]
    events = play(pipeline, [*demo_items(5.0, sound=False), *nothing])
    cues = [event.cue for event in events if isinstance(event, CueChanged)]
    assert cues[-2].emotion == "neutral" and cues[-1].state is CueState.CANT_SEE
    assert 5.0 < cues[-1].start_s <= 6.0
