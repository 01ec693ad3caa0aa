"""A session while it runs: picture, cue, words, and three controls that never move."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.actions import add_actions
from app.services import Services
from app.sound_track import SoundTrack
from app.theme import BODY_LINE_PX, Theme
from app.widgets.cue_card import CueCard
from app.widgets.notice import Notice
from app.widgets.picture_view import PictureView
from app.widgets.status_sign import StatusSign
from app.widgets.text import Button, card, label
from emoasst_core.datatypes import Frame
from emoasst_core.session.events import (
    CueChanged,
    FacesSeen,
    RunState,
    SessionEvent,
    SessionFailed,
    SessionSaved,
    StateChanged,
    WordsHeard,
)

SIDE_PX = 380  # at the normal text size
CONTROL_ROOM_PX = 70  # glyph and edges beside the words of a control
NUM_CAPTIONS = 2
STATE_WORDS = {
    RunState.LOADING: ("Getting ready", "Loading the model. This takes a few seconds."),
    RunState.PAUSED: ("Paused", "Nothing is seen or heard now."),
    RunState.STOPPING: ("Saving", "The last words are being read."),
}


class LivePage(QWidget):
    """Shows what the session tells."""

    saved = Signal(str)
    left = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._state = RunState.IDLE
        self._captions: list[str] = []
        self._saved_id = ""
        self._recording: Path | None = None
        self._has_failed = False
        self._sound = SoundTrack(self)
        self.picture = PictureView()
        self.cue = CueCard(services.catalogue)
        self.words = label("")
        self.notice = Notice()
        self.camera_sign = StatusSign("camera", "Camera on", "Camera off")
        self.microphone_sign = StatusSign("microphone", "Microphone on", "Microphone off", has_meter=True)
        self.playing_sign = StatusSign("play", "Playing a recording", "Recording not playing")
        self.stop_button = Button("Stop", "quiet", "stop")
        self.pause_button = Button("Pause", "quiet", "pause")
        self.mark_button = Button("Ask later", "quiet", "question")
        self.playing_sign.hide()
        self._uses: set[str] = set()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # so that no key press stops a session by mistake
        self._lay_out()
        self._connect()

    def enter_recording(self, path: Path) -> None:
        """Show that a recording is about to play."""
        self._enter({"recording"}, path)

    def enter_live(self, has_camera: bool, has_microphone: bool) -> None:
        """Show that a live session is about to begin."""
        self._enter({name for name, has in (("camera", has_camera), ("microphone", has_microphone)) if has}, None)
        if not has_camera:
            self.picture.say("No camera: the voice alone is listened to.")

    def set_theme(self, _theme: Theme) -> None:
        """Give everything the room its longest words need, so that nothing moves later."""
        buttons = (self.mark_button, self.pause_button, self.stop_button)
        for button in buttons:
            button.ensurePolished()
        metrics = self.stop_button.fontMetrics()
        widest = max(metrics.horizontalAdvance(text) for text in ("Ask later", "Pause", "Go on", "Stop"))
        for button in buttons:
            button.setFixedWidth(widest + CONTROL_ROOM_PX)
        scale = metrics.height() / BODY_LINE_PX
        self._side.setFixedWidth(round(SIDE_PX * max(1.0, scale)))
        self._captions_card.setFixedHeight(round(176 * max(1.0, 0.8 * scale)))

    def _enter(self, uses: set[str], recording: Path | None) -> None:
        self._uses, self._recording, self._saved_id, self._has_failed = uses, recording, "", False
        self._captions = []
        self._failure = ("", "")
        self.camera_sign.setVisible(recording is None)
        self.microphone_sign.setVisible(recording is None)
        self.playing_sign.setVisible(recording is not None)
        self.words.setText("")
        self._words_heading.setText("Words")
        self._marked.setText("")
        self.notice.hide()
        self.picture.say("The picture will be here.")
        self._sound.load(recording)
        self._show_state(RunState.LOADING)
        self.setFocus()

    def take(self, event: SessionEvent) -> None:
        """Show one event of the session."""
        if isinstance(event, FacesSeen):
            self.picture.show_faces(event.time_s, event.faces)
        elif isinstance(event, CueChanged) and self._state is RunState.RUNNING:
            self.cue.show_cue(event.cue)
        elif isinstance(event, WordsHeard):
            self._add_caption(event.transcript.text, event.transcript.is_basic)
        elif isinstance(event, StateChanged):
            self._show_state(event.state)
        elif isinstance(event, SessionFailed):
            self._show_failure(event)
        elif isinstance(event, SessionSaved):
            self._saved_id = event.session_id
            if self._has_failed:
                self.notice.say(self._failure[0], self._failure[1], "Look at what was kept", "Go to the start")
            else:
                self.saved.emit(event.session_id)

    def show_frame(self, frame: Frame) -> None:
        """Show the newest picture."""
        if self._state is not RunState.IDLE:
            self.picture.show_frame(frame)

    def leave(self) -> None:
        """Stop whatever still runs."""
        self._sound.pause()
        if self._state not in (RunState.IDLE, RunState.FAILED):
            self._services.runner.stop()

    def _show_state(self, state: RunState) -> None:
        self._state = state
        is_on = state is RunState.RUNNING
        self.camera_sign.set_on(is_on and "camera" in self._uses)
        self.microphone_sign.set_on(is_on and "microphone" in self._uses)
        self.playing_sign.set_on(is_on and "recording" in self._uses)
        self.stop_button.setEnabled(state in (RunState.LOADING, RunState.RUNNING, RunState.PAUSED))
        self.pause_button.setEnabled(state in (RunState.RUNNING, RunState.PAUSED))
        self.mark_button.setEnabled(state is RunState.RUNNING)
        self.pause_button.setText("Go on" if state is RunState.PAUSED else "Pause")
        self.pause_button.set_glyph("play" if state is RunState.PAUSED else "pause")
        if not is_on:
            self.picture.show_faces(0.0, ())
        if state is RunState.PAUSED and self._recording is None:
            self.picture.say("Paused. Camera and microphone are off.")
        if state in STATE_WORDS:
            self.cue.say(*STATE_WORDS[state])
        elif state is RunState.RUNNING:
            self.cue.say("Looking", "The first hint comes soon.")
        elif state is RunState.IDLE and not self._saved_id and not self._has_failed:
            self.left.emit()
        if is_on and self._recording is not None:
            frame = self.picture.frame
            self._sound.play(frame.time_s if frame is not None else 0.0)
        else:
            self._sound.pause()

    def _show_failure(self, event: SessionFailed) -> None:
        self._has_failed = True
        self._failure = (event.message, event.next_step)
        self.cue.say("Stopped", "")
        self.picture.say("")
        self.notice.say(event.message, event.next_step, other="Go to the start")
        self.notice.other_button.setFocus()

    def _add_caption(self, text: str, is_basic: bool) -> None:
        if text.strip():
            self._captions = [*self._captions, text.strip()][-NUM_CAPTIONS:]
            self.words.setText("\n".join(self._captions))
            self._words_heading.setText("Words (basic captions, often wrong)" if is_basic else "Words")

    def _toggle_pause(self) -> None:
        if self._state is RunState.PAUSED:
            self._services.runner.resume()
        elif self._state is RunState.RUNNING:
            self._services.runner.pause()

    def _mark(self) -> None:
        if (marked_s := self._services.runner.mark()) is not None:
            minutes, seconds = divmod(int(marked_s), 60)
            self._marked.setText(f"Marked {minutes}:{seconds:02} to look at again")

    def _connect(self) -> None:
        handlers = {"stop": self._services.runner.stop, "pause": self._toggle_pause, "mark": self._mark}
        self.actions_by_name = add_actions(self, "live", handlers)
        self.stop_button.clicked.connect(self._services.runner.stop)
        self.pause_button.clicked.connect(self._toggle_pause)
        self.mark_button.clicked.connect(self._mark)
        for name, button in (("stop", self.stop_button), ("pause", self.pause_button), ("mark", self.mark_button)):
            button.setToolTip(self.actions_by_name[name].toolTip())
        self.notice.main_chosen.connect(lambda: self.saved.emit(self._saved_id))
        self.notice.other_chosen.connect(self.left)
        self._services.bridge.level_heard.connect(self.microphone_sign.set_level)

    def _lay_out(self) -> None:
        self._words_heading = label("Words", "soft")
        self._marked = label("", "soft", wraps=False)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        captions = card()
        inside = QVBoxLayout(captions)
        inside.setContentsMargins(20, 14, 20, 16)
        inside.addWidget(self._words_heading)
        inside.addWidget(self.words, 1)
        captions.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._captions_card = captions
        side = QVBoxLayout()
        side.setSpacing(16)
        side.addWidget(self.cue, 1)
        side.addWidget(captions)
        self._side = QWidget()
        self._side.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        stage = QGridLayout()
        stage.addWidget(self.picture, 0, 0)
        framed = QVBoxLayout()
        framed.setContentsMargins(24, 24, 24, 24)
        framed.addStretch(1)
        framed.addWidget(self.notice)
        framed.addStretch(1)
        stage.addLayout(framed, 0, 0)
        middle = QHBoxLayout()
        middle.setSpacing(20)
        middle.addLayout(stage, 1)
        middle.addWidget(self._side)
        bottom = QHBoxLayout()
        bottom.setSpacing(20)
        for sign in (self.camera_sign, self.microphone_sign, self.playing_sign):
            bottom.addWidget(sign)
        self._marked.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        bottom.addWidget(self._marked, 1)
        for button in (self.mark_button, self.pause_button, self.stop_button):
            bottom.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 18)
        layout.setSpacing(16)
        layout.addLayout(middle, 1)
        layout.addLayout(bottom)
