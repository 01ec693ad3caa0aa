"""What a running session tells whoever listens: the window, the recorder, the progress bar.

Events are frozen and picklable: the same ones come out of the pipeline in this process and out of the model process.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from emoasst_core.datatypes import Cue, Face, Frame, Prediction, Timeline, Transcript


class RunState(str, Enum):
    """Where a session stands."""

    IDLE = "idle"
    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FrameSeen:
    """A picture to show; sent by the capture side, never by the model process."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class FacesSeen:
    """The faces of one analysed frame, with the persons they belong to; empty if there are none."""

    time_s: float
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class Predicted:
    """One reading of one source."""

    prediction: Prediction


@dataclass(frozen=True, slots=True)
class CueChanged:
    """From `cue.start_s` on, this is what is shown."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """The words of one finished utterance."""

    transcript: Transcript


@dataclass(frozen=True, slots=True)
class LevelHeard:
    """Loudness of the last block of sound, in decibels relative to full scale."""

    time_s: float
    level_db: float


@dataclass(frozen=True, slots=True)
class ProgressMade:
    """How much of a recording has been analysed; `total_s` is 0 where the length is not known (live)."""

    done_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class SessionSaved:
    """The session is in the database and its files are on disk."""

    session_id: str
    folder: Path
    timeline: Timeline


@dataclass(frozen=True, slots=True)
class SessionFailed:
    """The session ended early; what happened and what to do, in words for the window."""

    message: str
    next_step: str


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The session moved to another state."""

    state: RunState


SessionEvent = (
    FrameSeen
    | FacesSeen
    | Predicted
    | CueChanged
    | WordsHeard
    | LevelHeard
    | ProgressMade
    | SessionSaved
    | SessionFailed
    | StateChanged
)


@dataclass(frozen=True, slots=True)
class RunnerStatus:
    """A snapshot for the diagnostics page: every drop is counted."""

    state: RunState
    frames_offered: int
    frames_analysed: int
    frames_dropped: int
    sound_blocks: int
    worker_restarts: int
