"""What the window's process and the model process say to each other: the one schema of that pipe.

To the worker: `Begin`, then `Frame` and `AudioBlock` values as they are (`PlanChanged` may stand between them), then
`Finish`. Back: `Ready` or `LoadFailed` once, one `Handled` for each frame or block, `Early` beside them, now and then
`RecordSoFar`, and `Finished` at the end. `Stopped` ends a session early.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock, Frame
from emoasst_core.session.events import SessionEvent
from emoasst_core.session.plan import EVERYBODY, SessionPlan

if TYPE_CHECKING:
    from emoasst_core.store.sessions import SessionRecord

DEFAULT_FACTORY = "emoasst_core.session.pipeline_factory:open_pipeline"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a model process needs to start.

    Attributes:
        factory: `module:function` called as `(profile, options, database_path, recording)`; returns the pipeline.
        profile: name or folder of the models.
        database_path: where the family's shots are read from, or None for no shots.
    """

    profile: str
    options: AnalysisOptions
    database_path: Path | None
    factory: str = DEFAULT_FACTORY


@dataclass(frozen=True, slots=True)
class Begin:
    """Open a fresh pipeline; answers carry `session` so that late ones can be told apart."""

    session: int
    recording: str
    options: AnalysisOptions
    plan: SessionPlan = EVERYBODY


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """Somebody took back what they agreed to: the plan from now on. Has no answer."""

    session: int
    plan: SessionPlan


@dataclass(frozen=True, slots=True)
class Finish:
    """No more frames or sound: say the rest and hand over the record."""

    session: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The models are loaded."""


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The models cannot be loaded; the process ends."""

    message: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Handled:
    """One frame or one block of sound is done; `events` is what it led to."""

    session: int
    is_sound: bool
    events: tuple[SessionEvent, ...]


@dataclass(frozen=True, slots=True)
class Early:
    """Something became known of a frame: where its faces are, and in a live session all that is read in them later."""

    session: int
    event: SessionEvent


@dataclass(frozen=True, slots=True)
class RecordSoFar:
    """What would be saved if the process died now.

    Attributes:
        record: what may still change.
        settled: what is handed over for good since the message before, see `record_parts`; None for nothing.
    """

    session: int
    record: SessionRecord
    settled: bytes | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last events and the rest of the record of a session."""

    session: int
    events: tuple[SessionEvent, ...]
    record: SessionRecord


@dataclass(frozen=True, slots=True)
class Stopped:
    """The pipeline refused to go on, and why."""

    session: int
    message: str
    next_step: str


ToWorker = Begin | PlanChanged | Frame | AudioBlock | Finish
FromWorker = Ready | LoadFailed | Early | Handled | RecordSoFar | Finished | Stopped
