"""The player's buttons and its time."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.item_models.timeline_model import clock_text
from app.theme import TARGET_PX, Theme
from app.widgets.flow import FlowLayout
from app.widgets.text import Button, label


class PlayerBar(QWidget):
    """Back, play, on, speed and time; each button has a key as well."""

    back_wanted = Signal()
    play_wanted = Signal()
    on_wanted = Signal()
    speed_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.back_button = Button("Back", "quiet", "back")
        self.play_button = Button("Play", "main", "play")
        self.next_button = Button("Next", "quiet", "forward")
        self.speed_button = Button("Slower", "plain")
        self.speed_button.setCheckable(True)
        self.speed_button.setAccessibleName("Play at half speed")
        self._time = label("", "soft", wraps=False)
        self._time.setMinimumHeight(TARGET_PX)
        layout = FlowLayout(self, gap_px=10)
        for button, signal, tip in (
            (self.back_button, self.back_wanted, "Go to the part before (Up)"),
            (self.play_button, self.play_wanted, "Play or pause (Space)"),
            (self.next_button, self.on_wanted, "Go to the next part (Down)"),
            (self.speed_button, self.speed_wanted, "Play at half speed (H)"),
        ):
            button.setToolTip(tip)
            button.clicked.connect(signal)
            layout.addWidget(button)
        layout.addWidget(self._time)

    def set_theme(self, _theme: Theme) -> None:
        """Give the main button room for both its words."""
        self.play_button.ensurePolished()
        metrics = self.play_button.fontMetrics()
        widest = max(metrics.horizontalAdvance(text) for text in ("Play", "Pause"))
        self.play_button.setFixedWidth(widest + round(1.4 * metrics.height()) + 54)

    def show_time(self, time_s: float, duration_s: float) -> None:
        """Show where the player stands."""
        self._time.setText(clock_text(time_s))
        self._time.setToolTip(f"of {clock_text(duration_s)}")

    def show_playing(self, is_playing: bool) -> None:
        """Offer the other of the two."""
        self.play_button.setText("Pause" if is_playing else "Play")
        self.play_button.set_glyph("pause" if is_playing else "play")
