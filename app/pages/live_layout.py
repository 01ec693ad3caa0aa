"""How the live page is arranged: everything has its place and its size from the start, so that nothing moves later."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.theme import BODY_LINE_PX
from app.widgets.cue_card import CueCard
from app.widgets.flow import FlowLayout
from app.widgets.notice import Notice
from app.widgets.picture_view import PictureView
from app.widgets.status_sign import StatusSign
from app.widgets.text import Button, card, label
from emoasst_core.cues.catalogue import Catalogue

SIDE_PX = 380  # at the normal text size
CAPTIONS_PX = 176
CONTROL_EDGES_PX = 48  # beside glyph and words of a control
CONTROL_TEXTS = ("Ask later", "Pause", "Go on", "Stop")
NOTICE_TEXTS = ("Take back an agreement", "Use another camera", "Use another microphone", "Look at what was kept")
PICTURE_PX = 320  # the least width of the picture
NOTICE_EDGE_PX = 24  # between the notice and the edge of the picture


class LiveLayout:
    """The widgets of the live page in their places."""

    def __init__(self, page: QWidget, catalogue: Catalogue) -> None:
        self.picture = PictureView()
        self.cue = CueCard(catalogue)
        self.words_heading = label("Words", "soft")
        self.words, self.partial = label(""), label("", "soft")
        self.notice = Notice()
        self.camera_sign = StatusSign("camera", "Camera on", "Camera off")
        self.microphone_sign = StatusSign("microphone", "Microphone on", "Microphone off", has_meter=True)
        self.recording_sign = StatusSign("record", "Recording", "Not recording")
        self.playing_sign = StatusSign("play", "Playing a recording", "Recording not playing")
        self.slow_sign = StatusSign("slow", "Slow: fewer pictures are read", "", is_shy=True)
        self.marked = label("", "soft", wraps=False)
        self.stop_button = Button("Stop", "quiet", "stop")
        self.pause_button = Button("Pause", "quiet", "pause")
        self.mark_button = Button("Ask later", "quiet", "question")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(24, 24, 24, 18)
        layout.setSpacing(12)
        layout.addLayout(self._middle(), 1)
        layout.addWidget(self._signs())
        layout.addLayout(self._controls())

    @property
    def buttons(self) -> tuple[Button, Button, Button]:
        """The three controls, in reading order."""
        return self.mark_button, self.pause_button, self.stop_button

    def fit(self, texts: Sequence[str] = CONTROL_TEXTS) -> None:
        """Give everything the room its longest words need at the present text size; `texts` are those of the controls."""
        for button in self.buttons:
            button.ensurePolished()
        metrics = self.stop_button.fontMetrics()
        widest = max(metrics.horizontalAdvance(text) for text in texts)
        for button in self.buttons:
            button.setFixedWidth(widest + round(1.4 * metrics.height()) + CONTROL_EDGES_PX)
        scale = metrics.height() / BODY_LINE_PX
        self._side.setFixedWidth(round(SIDE_PX * max(1.0, 0.75 * scale)))
        self.picture.setMinimumWidth(max(PICTURE_PX, self.notice.width_for(NOTICE_TEXTS) + 2 * NOTICE_EDGE_PX))
        self._captions.setFixedHeight(round(CAPTIONS_PX * max(1.0, 0.6 * scale)))

    def _middle(self) -> QHBoxLayout:
        for part in (self.words, self.partial):
            part.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._captions = card()
        inside = QVBoxLayout(self._captions)
        inside.setContentsMargins(20, 14, 20, 16)
        for part in (self.words_heading, self.words, self.partial):
            inside.addWidget(part)
        inside.addStretch(1)
        self._captions.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(16)
        side.addWidget(self.cue, 1)
        side.addWidget(self._captions)
        stage = QGridLayout()
        stage.addWidget(self.picture, 0, 0)
        framed = QVBoxLayout()
        framed.setContentsMargins(*4 * [NOTICE_EDGE_PX])
        framed.addStretch(1)
        framed.addWidget(self.notice)
        framed.addStretch(1)
        stage.addLayout(framed, 0, 0)
        middle = QHBoxLayout()
        middle.setSpacing(20)
        middle.addLayout(stage, 1)
        middle.addWidget(self._side)
        return middle

    def _signs(self) -> QWidget:
        row = QWidget()
        signs = FlowLayout(row, gap_px=20)
        for sign in (self.camera_sign, self.microphone_sign, self.playing_sign, self.recording_sign, self.slow_sign):
            signs.addWidget(sign)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)  # at large text sizes the signs take two rows, in every state
        row.setSizePolicy(policy)
        return row

    def _controls(self) -> QHBoxLayout:
        controls = QHBoxLayout()
        controls.setSpacing(20)
        _give_way(self.marked)
        controls.addWidget(self.marked, 1)
        for button in self.buttons:
            controls.addWidget(button)
        return controls


def _give_way(text: QLabel) -> None:
    text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
