"""Runs sessions: the one door through which the window starts, pauses and stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from emoasst_core import paths
from emoasst_core.config import AnalysisOptions
from emoasst_core.errors import WorkerError
from emoasst_core.session.events import RunnerStatus, RunState, SessionEvent
from emoasst_core.session.intake import Intake, RecordingIntake
from emoasst_core.session.live_intake import LiveIntake
from emoasst_core.session.message import DEFAULT_FACTORY, FromWorker, WorkerSettings
from emoasst_core.session.plan import EVERYBODY, SessionPlan
from emoasst_core.session.processes import MODELS
from emoasst_core.session.recorder import recording_sinks
from emoasst_core.session.session_run import SessionRun
from emoasst_core.session.sinks import OpenSinks
from emoasst_core.session.worker import Worker

if TYPE_CHECKING:
    from emoasst_core.capture.sources import AudioSource, FrameSource

CLOSE_S = 20.0  # to save what a session found; the window is gone by then


class SessionRunner:
    """Starts the model process at once, so that the models load while somebody still chooses, and runs one session at a time.

    Every method returns at once; what happens is told through `on_event`, from several threads.

    Args:
        on_event: told everything; must return quickly and may be called from any thread.
        profile: name or folder of the models.
        options: how to analyse.
        database_path: where sessions and shots are kept; None for the usual place.
        sessions_folder: where a session's files go; None for the usual place.
        factory: what the model process opens its pipeline with.
        open_sinks: called at the start of a session with its id and plan; what it returns gets every frame and block.
            None to keep an encrypted recording where the plan says so.

    Attributes:
        options: may be changed; the next session follows it.
    """

    def __init__(
        self,
        on_event: Callable[[SessionEvent], None],
        profile: str = "starter",
        options: AnalysisOptions | None = None,
        database_path: Path | None = None,
        sessions_folder: Path | None = None,
        factory: str = DEFAULT_FACTORY,
        open_sinks: OpenSinks | None = None,
    ) -> None:
        self._on_event = on_event
        self.options = options or AnalysisOptions()
        self._database_path = database_path or paths.database_path()
        self._sessions_folder = sessions_folder or paths.sessions_folder()
        self._open_sinks = open_sinks or recording_sinks(self._database_path)
        self._lock = threading.Lock()
        self._run: SessionRun | None = None
        self._live: LiveIntake | None = None
        self._num_sessions = 0
        settings = WorkerSettings(profile, self.options, self._database_path, factory)
        self._worker = Worker(settings, self._take, self._worker_lost)

    @property
    def worker_process_id(self) -> int | None:
        """Of the model process, while there is one."""
        return self._worker.process_id

    @property
    def jobs(self) -> dict[int, str]:
        """{process id: what it does} of the model process and the one that stands by."""
        running = {self._worker.spare_process_id: f"{MODELS}, standing by", self._worker.process_id: MODELS}
        return {number: job for number, job in running.items() if number is not None}

    def start_recording(self, path: Path, realtime: bool = True, plan: SessionPlan = EVERYBODY) -> None:
        """Play a recording through the analysis, in real time as if it were live, or as fast as it can be analysed.

        Args:
            path: any sound or video file.
            realtime: False never drops a picture and never waits for the clock.
            plan: who may be read, and what may be kept.

        Raises:
            WorkerError: a session is running already.
        """
        self.start_intake(RecordingIntake(Path(path).absolute(), realtime, self.options.faces.analysis_rate_hz), plan)

    def start_live(self, camera_id: str | None, microphone_id: str | None, plan: SessionPlan = EVERYBODY) -> None:
        """Analyse a camera and a microphone, or one of them.

        Args:
            camera_id, microphone_id: as `devices` lists them; None for none.
            plan: who may be read, and what may be kept.

        Raises:
            WorkerError: a session is running already.
        """

        live = LiveIntake(
            partial(open_camera, camera_id) if camera_id is not None else None,
            partial(open_microphone, microphone_id) if microphone_id is not None else None,
            self.options.faces.analysis_rate_hz,
        )
        self._start(live, plan)
        self._live = live

    def switch_camera(self, camera_id: str) -> None:
        """Use another camera from now on; `DeviceChanged` tells whether that worked, else the present one goes on."""
        if self._live is not None and self._live.camera is not None:
            self._live.camera.switch(partial(open_camera, camera_id), f"The camera {camera_id}")

    def switch_microphone(self, microphone_id: str) -> None:
        """Use another microphone from now on; `DeviceChanged` tells whether that worked, else the present one goes on."""
        if self._live is not None and self._live.microphone is not None:
            self._live.microphone.switch(partial(open_microphone, microphone_id), f"The microphone {microphone_id}")

    def start_intake(self, intake: Intake, plan: SessionPlan = EVERYBODY) -> None:
        """Analyse whatever an intake captures.

        Raises:
            WorkerError: a session is running already.
        """
        self._live = None
        self._start(intake, plan)

    def withdraw(self, person_id: str) -> None:
        """Read that person no more and stop keeping picture and sound, from now on; nothing happens where no session runs."""
        if self._run is not None:
            self._run.withdraw(person_id)

    @property
    def plan(self) -> SessionPlan:
        """The plan of the session that runs, or of the last one."""
        return self._run.plan if self._run is not None else EVERYBODY

    def pause(self) -> None:
        """Let capture rest; devices are closed."""
        if self._run is not None:
            self._run.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._run is not None:
            self._run.resume()

    def mark(self) -> float | None:
        """Remember this moment of the session as one to look at again; its time, or None where no session runs."""
        return self._run.mark() if self._run is not None and not self._run.is_over else None

    def stop(self) -> None:
        """Stop capturing now, then drain and save; `SessionSaved` follows."""
        if self._run is not None:
            self._run.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the session to end; whether it has."""
        run = self._run
        if run is not None:
            run.join(timeout_s)
        return run is None or run.is_over

    def status(self) -> RunnerStatus:
        """How it stands, and what was lost."""
        run = self._run
        if run is None:
            return RunnerStatus(RunState.IDLE, 0, 0, 0, 0, self._worker.restarts)
        mailbox, live = run.mailbox, self._live
        return RunnerStatus(
            run.state,
            mailbox.frames_offered,
            run.frames_analysed,
            mailbox.frames_dropped,
            mailbox.sound_blocks,
            self._worker.restarts,
            sound_lost_s=mailbox.sound_lost_s,
            sound_waiting=mailbox.sound_waiting,
            is_slow=run.governor.is_slow,
            rate_hz=run.governor.rate_hz,
            camera_age_s=live.camera.age_s if live is not None and live.camera is not None else None,
            microphone_age_s=live.microphone.age_s if live is not None and live.microphone is not None else None,
        )

    def close(self) -> None:
        """Stop and save what runs, then end the model process."""
        if self._run is not None:
            self._run.stop(discard=True)
            self._run.join(CLOSE_S)
        self._worker.close()
        if self._run is not None:
            self._run.join()

    def _start(self, intake: Intake, plan: SessionPlan) -> None:
        with self._lock:
            if self._run is not None and not self._run.is_over:
                raise WorkerError("A session is running already.", "Stop it first.")
            if self._worker.load_failure is not None:
                self._worker.retry()
            self._num_sessions += 1
            self._run = SessionRun(
                self._num_sessions,
                intake,
                self._worker,
                replace(self.options, partial_captions=intake.loses_frames),  # where it is real time
                self._database_path,
                self._sessions_folder,
                self._on_event,
                plan,
                self._open_sinks,
            )
        self._run.start()

    def _take(self, message: FromWorker) -> None:
        if self._run is not None:
            self._run.take(message)

    def _worker_lost(self) -> None:
        if self._run is not None and not self._run.is_over:
            self._run.worker_lost()


def open_camera(camera_id: str) -> FrameSource:
    """A camera that is not switched on before its first frame is asked for."""
    from emoasst_core.capture.camera import Camera  # brings OpenCV in: only where a camera is used

    return Camera(camera_id)


def open_microphone(microphone_id: str) -> AudioSource:
    """A microphone that is not switched on before its first block is asked for."""
    from emoasst_core.capture.microphone import Microphone

    return Microphone(microphone_id)
