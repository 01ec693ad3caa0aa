"""The few things a family may want to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.child_window import WINDOW
from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.preferences import KEEP_DAYS, LOCK_MINUTES, TEXT_SCALES, Preferences
from app.widgets.form import Choice, Tick
from app.widgets.text import Button, label

THEME_NAMES = {"system": "Same as this computer", "light": "Light", "dark": "Dark"}
PROFILES = {False: "Standard: at most every 3 s", True: "Calm: at most every 20 s"}


class SettingsDialog(QDialog):
    """Every change is kept and seen at once.

    Args:
        preferences: what is changed.
        has_pin: whether there is a PIN, which can then be changed.
    """

    pin_wanted = Signal()
    phrase_wanted = Signal()
    archive_wanted = Signal()
    erase_wanted = Signal()

    def __init__(self, preferences: Preferences, has_pin: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        choices = preferences.choices
        self.theme_box = self._choice("theme", THEME_NAMES, choices.theme)
        self.scale_box = self._choice("text_scale", {scale: f"{scale:.0%}" for scale in TEXT_SCALES}, choices.text_scale)
        self.profile_box = self._choice("calm_cues", PROFILES, choices.calm_cues)
        self.child_box = self._choice("child_screen", child_screens(choices.child_screen), choices.child_screen)
        minutes = {number: f"{number} minutes" if number > 1 else "1 minute" for number in LOCK_MINUTES}
        self.lock_box = self._choice("lock_after_min", minutes, choices.lock_after_min)
        days = {number: f"{number} days" if number > 1 else "1 day" for number in KEEP_DAYS}
        self.clip_box = self._choice("clip_days", days, choices.clip_days)
        self.video_box = self._choice("video_days", days, choices.video_days)
        self.captions_box = self._tick("captions", "Write down what is said", choices.captions)
        self.motion_box = self._tick("reduce_motion", "Reduce motion", choices.reduce_motion)
        self.sound_box = self._tick("cue_sound", "Soft tone with a new cue", choices.cue_sound)
        self.pin_button = Button("Choose a PIN for adults")
        self.phrase_button = Button("Make a new recovery phrase")
        self.archive_button = Button("Save or read in all my data")
        self.erase_button = Button("Delete everything …")
        self.archive_button.clicked.connect(self.archive_wanted)
        self.erase_button.clicked.connect(self.erase_wanted)
        self.pin_button.clicked.connect(self.pin_wanted)
        self.phrase_button.clicked.connect(self.phrase_wanted)
        self.lock_box.setEnabled(False)
        if has_pin:
            self.show_pin()
        self._lay_out()

    def show_pin(self) -> None:
        """There is a PIN now: it can be changed, and when to lock can be chosen."""
        self.pin_button.setText("Change the PIN")
        self.lock_box.setEnabled(True)

    def _choice(self, name: str, texts: Mapping[Any, str], chosen: object) -> Choice:
        box = Choice()
        for value, text in texts.items():
            box.addItem(text, value)
        box.setCurrentIndex(max(0, list(texts).index(chosen) if chosen in texts else 0))
        box.currentIndexChanged.connect(lambda: self._preferences.change(**{name: box.currentData()}))
        return box

    def _tick(self, name: str, text: str, is_on: bool) -> Tick:
        tick = Tick(text)
        tick.setChecked(is_on)
        tick.toggled.connect(lambda on: self._preferences.change(**{name: on}))
        return tick

    def _lay_out(self) -> None:
        content = QVBoxLayout()
        content.setSpacing(8)
        for name, box in (
            ("Colours", self.theme_box),
            ("Text size", self.scale_box),
            ("Cues for the child", self.profile_box),
            ("Calm view for the child", self.child_box),
        ):
            self._add(content, name, box)
        for tick in (self.captions_box, self.motion_box, self.sound_box):
            content.addWidget(tick)
        content.addWidget(label("Cues and captions change from the next session on.", "soft"))
        content.addSpacing(10)
        content.addWidget(label("The adult’s part", "heading"))
        content.addWidget(self.pin_button)
        self._add(content, "Lock when nobody uses the window for", self.lock_box)
        content.addWidget(self.phrase_button)
        self._add(content, "Delete recordings after", self.video_box)
        self._add(content, "Delete clips that nobody answered after", self.clip_box)
        content.addSpacing(10)
        content.addWidget(self.archive_button)
        content.addWidget(self.erase_button)
        close = Button("Close", "main")
        close.clicked.connect(self.accept)
        lay_out_dialog(self, "Settings", content, (close,))
        fit_dialog(self, content)

    @staticmethod
    def _add(content: QVBoxLayout, name: str, box: Choice) -> None:
        caption = label(name, "soft")
        caption.setBuddy(box)
        box.setAccessibleName(name)
        content.addWidget(caption)
        content.addWidget(box)


def child_screens(chosen: str) -> dict[str, str]:
    """Where the calm view may stand, by the screen's name; the one chosen stays listed while it is unplugged."""
    places = {"": "Not shown", WINDOW: "In a window of its own"}
    primary = QGuiApplication.primaryScreen()
    for screen in QGuiApplication.screens():
        if screen is not primary:
            places[screen.name()] = f"On the screen “{screen.name()}”"
    if chosen and chosen not in places:
        places[chosen] = f"On the screen “{chosen}” (not plugged in)"
    return places
