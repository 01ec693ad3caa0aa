"""The buttons of a clip: again, pause, one picture back or on, half speed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.theme import Theme
from app.widgets.flow import FlowLayout
from app.widgets.text import Button


class ClipBar(QWidget):
    """Each button has a key as well; where the row is too narrow they go on below."""

    replay_wanted = Signal()
    play_wanted = Signal()
    back_wanted = Signal()
    on_wanted = Signal()
    speed_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.replay_button = Button("Again", "main")
        self.play_button = Button("Pause", "quiet", "pause")
        self.back_button = Button("Back", "quiet", "back")
        self.next_button = Button("On", "quiet", "forward")
        self.speed_button = Button("Slow", "plain")
        self.speed_button.setCheckable(True)
        self.speed_button.setAccessibleName("Play at half speed")
        self.back_button.setAccessibleName("Go one picture back")
        self.next_button.setAccessibleName("Go one picture on")
        layout = FlowLayout(self, gap_px=8)
        for button, signal, tip in (
            (self.replay_button, self.replay_wanted, "Play the clip again (R)"),
            (self.play_button, self.play_wanted, "Play or pause (Space)"),
            (self.back_button, self.back_wanted, "Go one picture back (,)"),
            (self.next_button, self.on_wanted, "Go one picture on (.)"),
            (self.speed_button, self.speed_wanted, "Play at half speed (H)"),
        ):
            button.setToolTip(tip)
            button.clicked.connect(signal)
            layout.addWidget(button)

    def set_theme(self, _theme: Theme) -> None:
        """Give the button room for both its words."""
        self.play_button.ensurePolished()
        metrics = self.play_button.fontMetrics()
        widest = max(metrics.horizontalAdvance(text) for text in ("Play", "Pause"))
        self.play_button.setFixedWidth(widest + round(1.4 * metrics.height()) + 44)

    def show_playing(self, is_playing: bool) -> None:
        """Offer the other of the two."""
        self.play_button.setText("Pause" if is_playing else "Play")
        self.play_button.set_glyph("pause" if is_playing else "play")
