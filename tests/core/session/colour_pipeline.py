"""A small deterministic pipeline for tests: a green picture is joy, a red one anger, a blue one sadness, a dark one no face.

It is opened in the real model process by its dotted path and works on real frames and sound, without any model.
"""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from emoasst_core.datatypes import (
    AudioBlock,
    Box,
    Cue,
    CueState,
    Face,
    Frame,
    Modality,
    Prediction,
    Source,
    Timeline,
    TimelineSpan,
    Transcript,
    Word,
)
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import MediaError, ModelError
from emoasst_core.session.events import CueChanged, FacesSeen, Predicted, WordsHeard
from emoasst_core.store.sessions import SessionRecord, UtteranceRow

WINDOW_S = 0.5
ENCODER_HASH = "colour"


def open_pipeline(profile, options, database_path, recording):
    return ColourPipeline(profile, recording)


def open_slowly(profile, options, database_path, recording):
    time.sleep(0.4)
    return ColourPipeline(profile, recording)


def refuse(profile, options, database_path, recording):
    raise ModelError(f"There are no models called {profile}.", "Install them first.")


def open_fragile(profile, options, database_path, recording):
    return FragilePipeline(profile, recording)


def emotion_of(image):
    red, green, blue = (float(channel) for channel in image.reshape(-1, 3).mean(0))
    if max(red, green, blue) < 40:
        return None
    if max(red, green, blue) - min(red, green, blue) < 30:
        return "neutral"
    return {red: "anger", green: "joy", blue: "sadness"}[max(red, green, blue)]


def probs_of(emotion):
    probs = np.full(len(EMOTIONS), 0.02, np.float32)
    probs[EMOTIONS.index(emotion)] = 0.88
    return probs


class ColourPipeline:
    def __init__(self, profile, recording):
        self._profile, self._recording = profile, recording
        self._started_at = datetime.now(UTC)
        self._readings, self._words = [], []
        self._cue = None
        self._sound_end_s = None
        self._end_s = 0.0

    def use_plan(self, plan):
        self.plan = plan

    def feed(self, item):
        if isinstance(item, AudioBlock):
            return self._hear(item)
        height, width = item.image.shape[:2]
        emotion = emotion_of(item.image)
        self._end_s = max(self._end_s, item.time_s)
        self._readings.append((item.time_s, emotion))
        box = Box(width * 0.3, height * 0.2, width * 0.4, height * 0.55)
        faces = () if emotion is None else (Face(item.time_s, box, 0.9, "person 1"),)
        events = [FacesSeen(item.time_s, faces)]
        if emotion is not None:
            events.append(Predicted(Prediction(item.time_s, item.time_s + 0.1, Source.FACE, probs_of(emotion), "person 1")))
        state = CueState.CANT_SEE if emotion is None else CueState.CLEAR
        cue = Cue(item.time_s, state, emotion, "person 1" if emotion else "", "no face" if emotion is None else "")
        if self._cue is None or self._cue.emotion != emotion:
            self._cue = cue
            events.append(CueChanged(cue))
        return events

    def _hear(self, block):
        is_gap = self._sound_end_s is not None and abs(block.start_s - self._sound_end_s) > 0.005
        second_before = int(self._end_s)
        self._sound_end_s = self._end_s = max(self._end_s, block.end_s)
        if not is_gap and int(self._end_s) == second_before:
            return []
        word = Word(max(0.0, block.end_s - 0.3), block.end_s, "gap" if is_gap else f"word{int(self._end_s)}")
        self._words.append(word)
        return [WordsHeard(Transcript((word,), "counting", True))]

    def finish(self):
        return [CueChanged(Cue(self._end_s, CueState.CANT_SEE, reason="no face"))]

    def record(self):
        rows, spans = [], []
        starts = np.arange(self._readings[0][0], self._readings[-1][0], WINDOW_S) if self._readings else []
        for start_s in starts:
            inside = [emotion for time_s, emotion in self._readings if start_s <= time_s < start_s + WINDOW_S]
            emotion = inside[len(inside) // 2] if inside else None
            rows.append(self._row(len(rows) + 1, float(start_s), emotion))
            spans += [span_of(rows[-1], Source.FACE), span_of(rows[-1], Source.SHOWN)]
        timeline = Timeline(self._recording, self._end_s, tuple(spans), tuple(self._words), "counting")
        return SessionRecord(
            "", self._recording, self._started_at, self._end_s, self._profile, ENCODER_HASH, timeline, tuple(rows)
        )

    def _row(self, number, start_s, emotion):
        row = UtteranceRow(
            number=number,
            start_s=start_s,
            end_s=start_s + WINDOW_S,
            is_speech=False,
            person="person 1" if emotion else "",
            text="",
            emotion=emotion,
            state=CueState.CLEAR if emotion else CueState.CANT_SEE,
        )
        if emotion is None:
            return row
        embedding = np.zeros(8, np.float32)
        embedding[EMOTIONS.index(emotion)] = 1.0
        probs = dict(zip(EMOTIONS, map(float, probs_of(emotion)), strict=True))
        return replace(row, probs=probs, embeddings={Modality.FACE: embedding})


class FragilePipeline(ColourPipeline):
    """Dies with the process on a white picture, and refuses a yellow one."""

    def feed(self, item):
        if isinstance(item, Frame):
            red, green, blue = (float(channel) for channel in item.image.reshape(-1, 3).mean(0))
            if min(red, green, blue) > 230:
                os._exit(3)
            if min(red, green) > 200 and blue < 60:
                raise MediaError("This picture is yellow.", "Use another one.")
        return super().feed(item)


def span_of(row, source):
    return TimelineSpan(row.start_s, row.end_s, row.person, source, row.state, row.emotion, row.probs)
