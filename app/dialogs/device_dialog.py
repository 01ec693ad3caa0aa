"""Another camera or microphone for a session that runs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.devices import Devices, DeviceWatch
from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.services import Services
from app.theme import LIGHT, Theme, give_theme
from app.widgets.text import Button, label

TITLES = {"camera": "Use another camera", "microphone": "Use another microphone"}


class DeviceDialog(QDialog):
    """One button per device that is plugged in; the list follows what is plugged in and out.

    Args:
        services: where devices are looked for.
        kind: "camera" or "microphone".
    """

    chosen = Signal(str)

    def __init__(self, services: Services, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind, self._theme = kind, LIGHT
        self._watch = DeviceWatch(services.background, self)
        self.buttons: list[Button] = []
        self.words = label("Looking …", "soft")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self.close_button = Button("Close", "main")
        self.close_button.clicked.connect(self.reject)
        self._content = QVBoxLayout()
        self._content.setSpacing(10)
        self._content.addWidget(self.words)
        self._content.addLayout(self._rows)
        self._content.addStretch(1)
        lay_out_dialog(self, TITLES[kind], self._content, (self.close_button,))
        fit_dialog(self, self._content)
        self._watch.changed.connect(self.show_devices)
        self.finished.connect(self._watch.stop)
        self._watch.start()

    def set_theme(self, theme: Theme) -> None:
        """Buttons that are made later follow it."""
        self._theme = theme

    def show_devices(self, devices: Devices) -> None:
        """Offer what is plugged in."""
        for old in self.buttons:
            self._rows.removeWidget(old)
            old.hide()
            old.deleteLater()
        found = (
            [(one.name, one.camera_id) for one in devices.cameras]
            if self._kind == "camera"
            else [(one.name, one.microphone_id) for one in devices.microphones]
        )
        self.words.setText("If it cannot be opened, the one so far is kept." if found else f"No {self._kind} is plugged in.")
        self.buttons = [self._button(name, device_id) for name, device_id in found]
        fit_dialog(self, self._content)

    def _button(self, name: str, device_id: str) -> Button:
        button = Button(f"Use {name}")
        button.clicked.connect(lambda: self._choose(device_id))
        self._rows.addWidget(button)
        give_theme(button, self._theme)
        return button

    def _choose(self, device_id: str) -> None:
        self.accept()
        self.chosen.emit(device_id)
