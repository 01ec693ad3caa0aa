"""A session while it runs: picture, cue, words, and three controls that never move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from app.actions import add_actions
from app.captions import Captions
from app.cue_sound import CueSound
from app.device_words import DEVICES, device_words, is_recording
from app.names import shown_name
from app.pages.live_layout import LiveLayout
from app.preferences import Choices
from app.services import Services
from app.sound_track import SoundTrack
from app.theme import Theme
from emoasst_core.datatypes import Frame
from emoasst_core.session.events import (
    CaptionHeard,
    CueChanged,
    DeviceChanged,
    FacesSeen,
    RunState,
    SessionEvent,
    SessionFailed,
    SessionSaved,
    SlowChanged,
    StateChanged,
    WordsHeard,
)
from emoasst_core.session.plan import SessionPlan

STATE_WORDS = {
    RunState.LOADING: ("Getting ready", "Loading the model. This takes a few seconds."),
    RunState.PAUSED: ("Paused", "Nothing is seen or heard now."),
    RunState.STOPPING: ("Saving", "The last words are being read."),
}


class LivePage(QWidget):
    """Shows what the session tells."""

    saved = Signal(str)
    left = Signal()
    consent_wanted = Signal()
    device_wanted = Signal(str)
    signs_changed = Signal(object)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._state = RunState.IDLE
        self._saved_id = ""
        self._recording: Path | None = None
        self._plan = SessionPlan()
        self._names: Mapping[str, str] = {}
        self._failure: SessionFailed | None = None
        self._lost: dict[str, DeviceChanged] = {}
        self._on_notice: Callable[[], None] | None = None
        self._on_other: Callable[[], None] = self.left.emit
        self._uses: set[str] = set()
        self._sound = SoundTrack(self)
        self._tone = CueSound(self)
        self.view = LiveLayout(self, services.catalogue)
        self.picture, self.cue, self.words, self.notice = self.view.picture, self.view.cue, self.view.words, self.view.notice
        self.camera_sign, self.microphone_sign = self.view.camera_sign, self.view.microphone_sign
        self.playing_sign, self.recording_sign = self.view.playing_sign, self.view.recording_sign
        self.mark_button, self.pause_button, self.stop_button = self.view.buttons
        self._captions = Captions(self.view.words, self.view.partial, self.view.words_heading)
        self.playing_sign.hide()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # so that no key press stops a session by mistake
        self._connect()

    @property
    def was_live(self) -> bool:
        """Whether the session was of camera and microphone, not of a recording."""
        return self._recording is None

    def enter_recording(self, path: Path, names: Mapping[str, str] | None = None) -> None:
        """Show that a recording is about to play."""
        self._plan = SessionPlan()
        self._enter({"recording"}, path, names or {})

    def enter_live(
        self, has_camera: bool, has_microphone: bool, plan: SessionPlan, names: Mapping[str, str] | None = None
    ) -> None:
        """Show that a live session is about to begin."""
        self._plan = plan
        uses = {name for name, has in (("camera", has_camera), ("microphone", has_microphone)) if has}
        self._enter(uses, None, names or {})
        if not has_camera:
            self.picture.say("No camera: the voice alone is listened to.")

    def set_theme(self, _theme: Theme) -> None:
        """Keep room for the longest words at this text size."""
        self.view.fit()

    def follow(self, choices: Choices) -> None:
        """Follow what the family has chosen."""
        self._tone.is_on = choices.cue_sound
        self.cue.set_motion(not choices.reduce_motion)
        self.cue.announcer.gap_s = choices.options.cues.min_gap_s

    @property
    def is_busy(self) -> bool:
        """Whether a session runs or is being saved."""
        return self._state not in (RunState.IDLE, RunState.FAILED)

    def _enter(self, uses: set[str], recording: Path | None, names: Mapping[str, str]) -> None:
        self._uses, self._recording, self._names, self._saved_id, self._failure = uses, recording, names, "", None
        self._lost = {}
        self._captions.clear()
        self.cue.announcer.forget()
        self.picture.set_names(names)
        for sign in (self.camera_sign, self.microphone_sign, self.recording_sign):
            sign.setVisible(recording is None)
        self.playing_sign.setVisible(recording is not None)
        self.view.slow_sign.set_on(False)
        self.view.marked.setText("")
        self.notice.hide()
        self.picture.say("The picture will be here.")
        self._sound.load(recording)
        self._show_state(RunState.LOADING)
        self.setFocus()

    def take(self, event: SessionEvent) -> None:
        """Show one event of the session."""
        match event:
            case FacesSeen():
                self.picture.show_faces(event.time_s, event.faces)
            case CueChanged() if self._state is RunState.RUNNING:
                self.cue.show_cue(event.cue, shown_name(event.cue.person, self._names))
                if event.cue.emotion is not None:
                    self._tone.want()
            case WordsHeard() | CaptionHeard():
                self._captions.take(event)
            case SlowChanged():
                self.view.slow_sign.set_on(event.is_slow)
            case DeviceChanged():
                self._show_device(event)
            case StateChanged():
                self._show_state(event.state)
            case SessionFailed():
                self._show_failure(event)
            case SessionSaved():
                self._take_saved(event.session_id)
            case _:
                pass

    def show_frame(self, frame: Frame) -> None:
        """Show the newest picture."""
        if self._state is not RunState.IDLE:
            self.picture.show_frame(frame)

    def leave(self) -> None:
        """Stop whatever still runs."""
        self._sound.pause()
        if self.is_busy:
            self._services.runner.stop()

    def show_plan(self, plan: SessionPlan) -> None:
        """An agreement was taken back: show what still holds."""
        self._plan = plan
        self._show_signs()

    def _take_saved(self, session_id: str) -> None:
        self._saved_id = session_id
        if self._failure is not None:
            self._on_other = self.left.emit
            self.notice.say(self._failure.message, self._failure.next_step, "Look at what was kept", "Go to the start")
        else:
            self.saved.emit(session_id)

    def _show_signs(self) -> None:
        is_on = self._state is RunState.RUNNING
        self.camera_sign.set_on(is_on and "camera" in self._uses and "camera" not in self._lost)
        self.microphone_sign.set_on(is_on and "microphone" in self._uses and "microphone" not in self._lost)
        self.playing_sign.set_on(is_on and "recording" in self._uses)
        self.recording_sign.set_on(is_on and is_recording(self._uses, self._lost.keys(), self._plan))
        signs = {"camera": self.camera_sign, "microphone": self.microphone_sign, "recording": self.recording_sign}
        self.signs_changed.emit(frozenset(name for name, sign in signs.items() if sign.is_on))

    def _show_state(self, state: RunState) -> None:
        self._state = state
        is_on = state is RunState.RUNNING
        self._show_signs()
        self.stop_button.setEnabled(state in (RunState.LOADING, RunState.RUNNING, RunState.PAUSED))
        self.pause_button.setEnabled(state in (RunState.RUNNING, RunState.PAUSED))
        self.mark_button.setEnabled(is_on)
        self.pause_button.setText("Go on" if state is RunState.PAUSED else "Pause")
        self.pause_button.set_glyph("play" if state is RunState.PAUSED else "pause")
        if not is_on:
            self.picture.show_faces(0.0, ())
        if self._recording is None and self._failure is None:
            self._show_rest(state)
        if state in STATE_WORDS:
            self.cue.say(*STATE_WORDS[state])
        elif state is RunState.IDLE and not self._saved_id and self._failure is None:
            self.left.emit()
        if is_on and self._recording is not None:
            frame = self.picture.frame
            self._sound.play(frame.time_s if frame is not None else 0.0)
        else:
            self._sound.pause()

    def _show_rest(self, state: RunState) -> None:
        """While a live session rests, agreements can be taken back."""
        if state is RunState.PAUSED:
            self.picture.say("")
            main = "Take back an agreement" if self._plan.people else ""
            self._on_notice = self.consent_wanted.emit
            self.notice.say("Paused. Camera and microphone are off.", "Go on when everyone is ready.", main)
        elif self._lost and state is RunState.RUNNING:
            self._say_lost()
        else:
            self.notice.hide()

    def _show_device(self, event: DeviceChanged) -> None:
        """Say what is lost and what that means for the recording; what came back is not said, the signs show it."""
        if event.state in ("lost", "failed"):
            self._lost[event.kind] = event
            if event.kind == "camera":
                self.picture.say("No picture now.")
        else:
            self._lost.pop(event.kind, None)
        self._show_signs()
        if event.state == "kept":
            self._say_device(event.message, event.next_step, (event.kind,))
        elif self._lost:
            self._say_lost()
        else:
            self.notice.hide()

    def _say_lost(self) -> None:
        words = device_words(self._uses, self._lost, self._plan)
        self._say_device(words.message, words.next_step, words.devices)

    def _say_device(self, message: str, next_step: str, kinds: Sequence[str]) -> None:
        """Say it, and offer another device of each kind; where there is none to choose, the message can be closed."""
        acts = [(f"Use another {kind}", partial(self.device_wanted.emit, kind)) for kind in kinds if kind in DEVICES]
        texts = [text for text, _ in acts] or ["Close this message"]
        self._on_notice = acts[0][1] if acts else self.notice.hide
        self._on_other = acts[1][1] if len(acts) > 1 else self.left.emit
        self.notice.say(message, next_step, *texts)

    def _show_failure(self, event: SessionFailed) -> None:
        self._failure, self._on_other = event, self.left.emit
        self.cue.say("Stopped", "")
        self.picture.say("")
        self.notice.say(event.message, event.next_step, other="Go to the start")
        self.notice.other_button.setFocus()

    def _toggle_pause(self) -> None:
        if self._state is RunState.PAUSED:
            self._services.runner.resume()
        elif self._state is RunState.RUNNING:
            self._services.runner.pause()

    def _mark(self) -> None:
        if (marked_s := self._services.runner.mark()) is not None:
            minutes, seconds = divmod(int(marked_s), 60)
            self.view.marked.setText(f"Marked {minutes}:{seconds:02} to look at again")

    def _choose_main(self) -> None:
        if self._saved_id:
            self.saved.emit(self._saved_id)
        elif self._on_notice is not None:
            self._on_notice()

    def _connect(self) -> None:
        handlers = {"stop": self._services.runner.stop, "pause": self._toggle_pause, "mark": self._mark}
        self.actions_by_name = add_actions(self, "live", handlers)
        self.stop_button.clicked.connect(self._services.runner.stop)
        self.pause_button.clicked.connect(self._toggle_pause)
        self.mark_button.clicked.connect(self._mark)
        for name, button in (("stop", self.stop_button), ("pause", self.pause_button), ("mark", self.mark_button)):
            button.setToolTip(self.actions_by_name[name].toolTip())
        self.notice.main_chosen.connect(self._choose_main)
        self.notice.other_chosen.connect(lambda: self._on_other())
        self._services.bridge.level_heard.connect(self.microphone_sign.set_level)
        self._services.bridge.level_heard.connect(self._tone.hear)
        self._services.preferences.changed.connect(self.follow)
        self.follow(self._services.preferences.choices)
