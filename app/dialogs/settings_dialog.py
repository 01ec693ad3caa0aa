"""The few things a family may want to change."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.preferences import TEXT_SCALES, Preferences
from app.widgets.form import Choice, Tick
from app.widgets.text import Button, label

THEME_NAMES = {"system": "Same as this computer", "light": "Light", "dark": "Dark"}


class SettingsDialog(QDialog):
    """Every change is kept and seen at once."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setMinimumWidth(520)
        self._preferences = preferences
        choices = preferences.choices
        self.theme_box, self.scale_box = Choice(), Choice()
        for name, text in THEME_NAMES.items():
            self.theme_box.addItem(text, name)
        for scale in TEXT_SCALES:
            self.scale_box.addItem(f"{scale:.0%}", scale)
        self.theme_box.setCurrentIndex(self.theme_box.findData(choices.theme))
        self.scale_box.setCurrentIndex(self.scale_box.findData(choices.text_scale))
        self.calm_box = Tick("Calm cues: at most one change in 20 seconds")
        self.captions_box = Tick("Write down what is said")
        self.motion_box = Tick("Reduce motion")
        self.calm_box.setChecked(choices.calm_cues)
        self.captions_box.setChecked(choices.captions)
        self.motion_box.setChecked(choices.reduce_motion)
        self._lay_out()
        self.theme_box.currentIndexChanged.connect(lambda: preferences.change(theme=self.theme_box.currentData()))
        self.scale_box.currentIndexChanged.connect(lambda: preferences.change(text_scale=self.scale_box.currentData()))
        self.calm_box.toggled.connect(lambda on: preferences.change(calm_cues=on))
        self.captions_box.toggled.connect(lambda on: preferences.change(captions=on))
        self.motion_box.toggled.connect(lambda on: preferences.change(reduce_motion=on))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 24, 28, 24)
        layout.setSpacing(8)
        layout.addWidget(label("Settings", "title"))
        for name, box in (("Colours", self.theme_box), ("Text size", self.scale_box)):
            caption = label(name, "soft")
            caption.setBuddy(box)
            box.setAccessibleName(name)
            layout.addWidget(caption)
            layout.addWidget(box)
        layout.addSpacing(6)
        for tick in (self.calm_box, self.captions_box, self.motion_box):
            layout.addWidget(tick)
        layout.addWidget(label("Cues and captions change from the next session on.", "soft"))
        layout.addSpacing(10)
        close = Button("Close", "main")
        close.clicked.connect(self.accept)
        layout.addWidget(close)
