"""Frozen values that cross from one stage to the next: numpy arrays and Python scalars only.

Every time is in seconds since the start of the session (see `clock`). Arrays are never written to after construction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import EMOTIONS

SAMPLE_RATE_HZ = 16_000  # wav2vec 2.0, Silero VAD and Whisper all take this rate

Vector = NDArray[np.float32]
_PERSON_ID = re.compile("p-[0-9a-f]{8}")


def is_known_person(person: str) -> bool:
    """Whether it is the id of somebody the family has named, and not the tracker's name for a face.

    >>> is_known_person("p-0a1b2c3d"), is_known_person("person 1")
    (True, False)
    """
    return _PERSON_ID.fullmatch(person) is not None


class Modality(str, Enum):
    """What an embedding was made from."""

    FACE = "face"
    VOICE = "voice"
    WORDS = "words"


class Source(str, Enum):
    """Which lane of the timeline a span lies in."""

    FACE = "face"
    VOICE = "voice"
    WORDS = "words"
    FUSED = "fused"
    SHOWN = "shown"


class CueState(str, Enum):
    """How sure a reading is; CANT_SEE and CANT_HEAR are honest states, not errors."""

    CLEAR = "CLEAR"
    MAYBE = "MAYBE"
    UNSURE = "UNSURE"
    CANT_SEE = "CANT_SEE"
    CANT_HEAR = "CANT_HEAR"


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: `image` is (h, w, 3) uint8 RGB, upright (rotation already applied)."""

    time_s: float
    image: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Contiguous sound: `samples` is (n,) float32 in [-1, 1], mono, 16 kHz."""

    start_s: float
    samples: NDArray[np.float32]

    @property
    def end_s(self) -> float:
        """Time just after the last sample."""
        return self.start_s + len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in picture pixels; may reach over the edge of the picture."""

    x: float
    y: float
    width: float
    height: float

    def shares_place(self, other: Box) -> bool:
        """Whether more than half of the smaller of two boxes lies within the other.

        >>> Box(0, 0, 10, 10).shares_place(Box(4, 0, 10, 10)), Box(0, 0, 10, 10).shares_place(Box(6, 0, 10, 10))
        (True, False)
        """
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        smaller = min(self.width * self.height, other.width * other.height)
        return width > 0 and height > 0 and width * height > 0.5 * smaller


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in one frame. `person` is the tracker's stable id ("person 1"); "" before tracking."""

    time_s: float
    box: Box
    score: float
    person: str = ""
    landmarks: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a transcript."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one utterance; `model` names the transcriber, `is_basic` marks the small offline fallback."""

    words: tuple[Word, ...]
    model: str
    is_basic: bool = False

    @property
    def text(self) -> str:
        """The words, joined."""
        return " ".join(word.text.strip() for word in self.words)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch to classify: somebody speaking, or a window in which nobody does.

    Attributes:
        number: counts from 1 within the session; what `emoasst cache add --utterance` names.
        is_speech: False for a window of silence.
        person: whose face it is; "" where no face belongs to it.
        frame_embeddings: (num_frames, embed_dim), sampled face frames, or None where no face was seen.
        samples: (n,) 16 kHz sound of the stretch, or None where nobody was heard.
        text: transcript, "" where there is none.
        context: texts of up to two utterances before it, oldest first.
    """

    number: int
    start_s: float
    end_s: float
    is_speech: bool
    person: str = ""
    frame_embeddings: Vector | None = None
    samples: NDArray[np.float32] | None = None
    text: str = ""
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What the classifier compares: one unit vector per present modality and how far each is trusted.

    Attributes:
        embeddings: {modality: (embed_dim,) unit float32}; an absent modality has no entry.
        reliabilities: {modality: weight}, same keys, summing to 1.
    """

    embeddings: Mapping[Modality, Vector]
    reliabilities: Mapping[Modality, float]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Calibrated probabilities for one stretch from one source; `probs` is (num_emotions,), sums to 1."""

    start_s: float
    end_s: float
    source: Source
    probs: Vector
    person: str = ""

    @property
    def emotion(self) -> str:
        """The likeliest emotion."""
        return EMOTIONS[int(self.probs.argmax())]

    @property
    def confidence(self) -> float:
        """Probability of the likeliest emotion."""
        return float(self.probs.max())

    @property
    def margin(self) -> float:
        """Distance between the two likeliest."""
        top = np.sort(self.probs)[-2:]
        return float(top[1] - top[0])


@dataclass(frozen=True, slots=True)
class Shot:
    """One labelled clip of the family: what the K-shot cache is made of.

    Attributes:
        label: (num_emotions,) soft label, sums to 1.
        keys: {modality: (embed_dim,) unit float32}.
        encoder_hash: hash of the encoders that made the keys; shots of other encoders are refused.
        person: whose clip it is; a known person's id, or the tracker's name for somebody unknown.
        event: clips of the same event count as one observation; "" where it is not known.
        is_sure: False where who answered was not sure.
    """

    label: Vector
    keys: Mapping[Modality, Vector]
    encoder_hash: str
    person: str = ""
    shot_id: int = 0
    event: str = ""
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown to the child from `start_s` on; `emotion` is None for UNSURE, CANT_SEE and CANT_HEAR."""

    start_s: float
    state: CueState
    emotion: str | None = None
    person: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """One row of the timeline. `probs` is empty where nothing could be read."""

    start_s: float
    end_s: float
    person: str
    source: Source
    state: CueState
    emotion: str | None = None
    probs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A whole analysed recording, as written to timeline.json."""

    recording: str
    duration_s: float
    spans: tuple[TimelineSpan, ...]
    words: tuple[Word, ...] = ()
    words_model: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The layout of timeline.json."""
        return {
            "recording": self.recording,
            "duration_s": round(self.duration_s, 3),
            "words_model": self.words_model,
            "spans": [
                {
                    "start_s": round(span.start_s, 3),
                    "end_s": round(span.end_s, 3),
                    "person": span.person,
                    "source": span.source.value,
                    "state": span.state.value,
                    "emotion": span.emotion,
                    "probs": {name: round(prob, 4) for name, prob in span.probs.items()},
                }
                for span in self.spans
            ],
            "words": [
                {"start_s": round(word.start_s, 3), "end_s": round(word.end_s, 3), "text": word.text} for word in self.words
            ],
        }
