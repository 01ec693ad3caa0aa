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


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device was lost, came back, or was exchanged.

    Attributes:
        kind: "camera", "microphone" or "recording" (what keeps picture and sound).
        state: "lost", "back", "switched", "kept" (the switch failed, the old one goes on) or "failed" (neither can be opened).
        message, next_step: in words for the window.
    """

    kind: str
    state: str
    message: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class SlowChanged:
    """The machine is too slow for the usual rate of analysis, or keeps up again; `rate_hz` is the rate from now on."""

    is_slow: bool
    rate_hz: float


@dataclass(frozen=True, slots=True)
class CaptionHeard:
    """Words as a caption: while an utterance goes on, then once more when it is finished (`is_final`)."""

    start_s: float
    end_s: float
    text: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """Who is in view has changed: `person_id`s where a face is known, else the tracker's "person 1"; nearest first."""

    persons: tuple[str, ...]


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
    | DeviceChanged
    | SlowChanged
    | CaptionHeard
    | PeopleSeen
)


@dataclass(frozen=True, slots=True)
class RunnerStatus:
    """A snapshot for the diagnostics page: every drop is counted.

    Attributes:
        frames_offered: to the analysis, at its rate; the camera's other frames are only shown.
        frames_dropped: offered, but replaced by a newer one or lost with a model process that died.
        sound_blocks: offered; sound_waiting of them are still to be analysed, sound_lost_s of sound never will be.
        rate_hz: frames analysed per second at present; below the usual rate while `is_slow`.
        camera_age_s, microphone_age_s: since the last frame or block of that device; None where it is not used.
    """

    state: RunState
    frames_offered: int
    frames_analysed: int
    frames_dropped: int
    sound_blocks: int
    worker_restarts: int
    sound_lost_s: float = 0.0
    sound_waiting: int = 0
    is_slow: bool = False
    rate_hz: float = 0.0
    camera_age_s: float | None = None
    microphone_age_s: float | None = None
