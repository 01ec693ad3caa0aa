"""The calm view for the child: a window of its own that holds the cue and what is on, on a second screen if there is one."""

from __future__ import annotations

from collections.abc import Set

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QResizeEvent, QScreen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.preferences import Choices
from app.theme import Theme
from app.widgets.cue_card import CueCard
from app.widgets.status_sign import StatusSign
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.session.events import CueChanged, RunState, SessionEvent, SessionFailed, StateChanged

WINDOW = "window"  # the choice of a window on the same screen as the adult's
WIDTH_PX, HEIGHT_PX = 720, 620
ICON_SHARE, WORDS_SHARE = 0.42, 0.12  # of the shorter side
SIGNS = {
    "camera": ("camera", "Camera on"),
    "microphone": ("microphone", "Microphone on"),
    "recording": ("record", "Recording"),
}
REST_WORDS = {
    RunState.IDLE: "Off",
    RunState.FAILED: "Off",
    RunState.LOADING: "Getting ready",
    RunState.PAUSED: "Paused",
    RunState.STOPPING: "Off",
}


def screen_named(name: str) -> QScreen | None:
    """The screen of that name, or None where it is not plugged in."""
    return next((screen for screen in QGuiApplication.screens() if screen.name() == name), None)


class ChildWindow(QWidget):
    """Icon, at most three words, and what is on; "Off" and "Paused" are said as well. No buttons; it needs no answer."""

    closed = Signal()

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setObjectName("scrolled")
        self.setWindowTitle("EmoAsst: cue")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)  # keys stay with the adult's window
        self._choice = ""
        self._state = RunState.IDLE
        self.cue = CueCard(catalogue, announces=False)
        self.signs = {name: StatusSign(glyph, words, "", is_shy=True) for name, (glyph, words) in SIGNS.items()}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 32, 32, 32)
        layout.addWidget(self.cue, 1)
        layout.addLayout(self._sign_row())
        self.resize(WIDTH_PX, HEIGHT_PX)
        self.setMinimumSize(320, 280)
        self._show_rest()
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenRemoved.connect(self._screen_gone)
        application.screenAdded.connect(self._screen_came)

    def follow(self, choices: Choices) -> None:
        """Stand where the family chose, or nowhere."""
        self.cue.set_motion(not choices.reduce_motion)
        if choices.child_screen != self._choice:
            self._choice = choices.child_screen
            self._stand()

    def set_theme(self, theme: Theme) -> None:
        """The ground of the window; the cue follows by itself."""
        self.setStyleSheet(f"QWidget#scrolled {{ background: {theme.page}; }}")

    def take(self, event: SessionEvent) -> None:
        """Show one event of the session: cues while it runs, else in a word that nothing is read."""
        if isinstance(event, CueChanged) and self._state is RunState.RUNNING:
            self.show_cue(event.cue)
        elif isinstance(event, StateChanged):
            self._state = event.state
            if event.state is RunState.RUNNING:
                self.show_cue(Cue(0.0, CueState.UNSURE))
            else:
                self._show_rest()
        elif isinstance(event, SessionFailed):
            self._state = RunState.FAILED
            self._show_rest()

    def show_cue(self, cue: Cue) -> None:
        """Show a cue, without the name of anybody."""
        self.cue.show_cue(cue)

    def show_signs(self, on: Set[str]) -> None:
        """Say what is on, of "camera", "microphone" and "recording"; what is off is not said, its place stays."""
        for name, sign in self.signs.items():
            sign.set_on(name in on)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closed by hand: it stays away until it is chosen again."""
        self._choice = ""
        self.closed.emit()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives a full screen back."""
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.showNormal()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Face and words are as large as the window allows: they may be read from across a table."""
        super().resizeEvent(event)
        side = min(self.width(), self.height())
        self.cue.set_sizes(round(ICON_SHARE * side), round(WORDS_SHARE * side))

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the text size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()

    def _sign_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(20)
        row.addStretch(1)
        for sign in self.signs.values():
            row.addWidget(sign)
        row.addStretch(1)
        return row

    def _show_rest(self) -> None:
        self.cue.say(REST_WORDS.get(self._state, "Off"))

    def _stand(self) -> None:
        if not self._choice:
            self.hide()
            return
        screen = screen_named(self._choice)
        if screen is None:
            self._stand_here()
            return
        self.showNormal()
        self.setScreen(screen)
        self.setGeometry(screen.availableGeometry())
        self.showFullScreen()

    def _stand_here(self) -> None:
        """A plain window on the first screen: there is no other, or it was unplugged."""
        screen = QGuiApplication.primaryScreen()
        if screen is None:
            return
        self.showNormal()
        self.setScreen(screen)
        place = screen.availableGeometry()
        mine = QRect(0, 0, min(WIDTH_PX, place.width()), min(HEIGHT_PX, place.height()))
        mine.moveCenter(place.center())
        self.setGeometry(mine)
        self.show()

    def _screen_gone(self, screen: QScreen) -> None:
        if self._choice and self._choice == screen.name():
            self._stand_here()

    def _screen_came(self, screen: QScreen) -> None:
        if self._choice and self._choice == screen.name():
            self._stand()
