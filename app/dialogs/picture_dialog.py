"""Takes a picture of somebody who wants to be recognised."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.bridge import Bridge
from app.devices import Devices, DeviceWatch
from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.services import Services
from app.widgets.form import Choice
from app.widgets.picture_view import PictureView
from app.widgets.text import Button, label
from emoasst_core.session.device_preview import DevicePreview
from emoasst_core.session.events import SessionEvent, SessionFailed

PICTURE_PX = 300


class PictureDialog(QDialog):
    """Nothing is on before a camera is chosen here; what is seen is not kept, only the picture that is taken."""

    taken = Signal(object)

    def __init__(self, services: Services, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted = services.preferences.choices.camera_id
        self._watch = DeviceWatch(services.background, self)
        self.camera_box = Choice()
        self.camera_box.addItem("Looking …", None)
        self.camera_box.setAccessibleName("Camera")
        self.picture = PictureView()
        self.picture.setFixedHeight(PICTURE_PX)
        self.take_button, self.close_button = Button("Take the picture", "main", "camera"), Button("Close")
        self.take_button.setEnabled(False)
        self._bridge = Bridge(self)
        self._preview = DevicePreview(self._bridge.tell)
        self.content = QVBoxLayout()
        self.content.addWidget(label(f"Only {name} should be in the picture, from the front and in good light.", "soft"))
        self.content.addWidget(self.camera_box)
        self.content.addWidget(self.picture)
        lay_out_dialog(self, f"A picture of {name}", self.content, (self.take_button, self.close_button))
        fit_dialog(self, self.content)
        self.camera_box.currentIndexChanged.connect(self._switch_on)
        self.take_button.clicked.connect(self._take)
        self.close_button.clicked.connect(self.reject)
        self.finished.connect(self._switch_off)
        self._watch.changed.connect(self.show_devices)
        self._bridge.frame_seen.connect(self._show_frame)
        self._bridge.event_told.connect(self._tell)
        self._watch.start()

    def show_devices(self, devices: Devices) -> None:
        """List the cameras; the one used last is offered."""
        self.camera_box.clear()
        self.camera_box.addItem("Choose a camera" if devices.cameras else "No camera", None)
        for one in devices.cameras:
            self.camera_box.addItem(one.name, one.camera_id)
        self.camera_box.setCurrentIndex(max(0, self.camera_box.findData(self._wanted)) if self._wanted else 0)

    def _switch_on(self) -> None:
        self.take_button.setEnabled(False)
        self.picture.say("Starting the camera …" if self.camera_box.currentData() else "Choose a camera.")
        self._preview.start(self.camera_box.currentData(), None)

    def _switch_off(self) -> None:
        self._watch.stop()
        self._preview.stop()

    def _show_frame(self, frame: object) -> None:
        self.picture.show_frame(frame)  # type: ignore[arg-type]
        self.take_button.setEnabled(True)

    def _tell(self, event: SessionEvent) -> None:
        if isinstance(event, SessionFailed):
            self.picture.say(f"{event.message} {event.next_step}".strip())

    def _take(self) -> None:
        frame = self.picture.frame
        if frame is not None:
            self.accept()
            self.taken.emit(frame.image.copy())
