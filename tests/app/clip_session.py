"""A session with many unclear moments and a small recording, saved for the pages to open."""

from datetime import UTC, datetime

import numpy as np
from recordings import write_recording

from emoasst_core import paths
from emoasst_core.datatypes import CueState, Modality, Source, Timeline, TimelineSpan, Word
from emoasst_core.emotions import EMOTIONS
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, save_session

NUM_UTTERANCES = 60
LENGTH_S = 5.0
WORDS = "I did not know that you were there"


def save_unclear_session(folder, session_id="evening", with_recording=True, num_utterances=NUM_UTTERANCES, marks_s=()):
    """Utterances of 5 s; in every one two emotions are about equally likely."""
    recording = str(write_recording(folder / "Breakfast.mp4", ("green", "red"), seconds_each=1.0)) if with_recording else ""
    rows, spans = [], []
    for number in range(1, num_utterances + 1):
        first, second = EMOTIONS[number % 7], EMOTIONS[(number + 2) % 7]
        probs = {name: 0.45 if name == first else 0.35 if name == second else 0.04 for name in EMOTIONS}
        start_s = (number - 1) * LENGTH_S
        key = np.zeros(8, np.float32)
        key[number % 8] = 1.0
        rows.append(
            UtteranceRow(number, start_s, start_s + LENGTH_S, True, "person 1", f"{WORDS} {number}", first, CueState.MAYBE,
                         probs, {Modality.FACE: key})
        )  # fmt: skip
        for source in (Source.FACE, Source.VOICE, Source.FUSED, Source.SHOWN):
            state = list(CueState)[number % 3]
            emotion = None if state is CueState.UNSURE else first
            shown = {} if source is Source.SHOWN else probs
            spans.append(TimelineSpan(start_s, start_s + LENGTH_S - 0.5, "person 1", source, state, emotion, shown))
    words = tuple(
        Word(5.0 * n + 0.5 * k, 5.0 * n + 0.5 * k + 0.4, word)
        for n in range(num_utterances)
        for k, word in enumerate(WORDS.split())
    )
    duration_s = num_utterances * LENGTH_S
    timeline = Timeline(recording, duration_s, tuple(spans), words, "basic")
    models = ("starter", "colour")
    record = SessionRecord(session_id, recording, datetime.now(UTC), duration_s, *models, timeline, tuple(rows), marks_s)
    with Database(paths.database_path()) as database:
        return save_session(database, record)
