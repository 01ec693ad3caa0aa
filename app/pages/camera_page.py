"""Before the camera: which devices, who is here, and that each of them agreed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.services import Services
from app.widgets.form import Choice, Tick
from app.widgets.notice import Notice
from app.widgets.scroll import fill_with_column
from app.widgets.text import Button, card, label
from emoasst_core.devices.cameras import CameraInfo, list_cameras
from emoasst_core.devices.microphones import MicrophoneInfo, list_microphones
from emoasst_core.errors import DeviceError, EmoAsstError

CONTENT_PX = 720
MAX_PERSONS = 4
NONE_TEXT = {"camera": "No camera", "microphone": "No microphone"}


@dataclass(frozen=True, slots=True)
class Devices:
    """What is plugged in, and what could not be asked."""

    cameras: tuple[CameraInfo, ...]
    microphones: tuple[MicrophoneInfo, ...]
    troubles: tuple[DeviceError, ...]


def find_devices() -> Devices:
    """List cameras and microphones; a part that cannot be listed is empty and its trouble is told."""
    troubles: list[DeviceError] = []
    cameras: list[CameraInfo] = []
    microphones: list[MicrophoneInfo] = []
    try:
        cameras = list_cameras()
    except DeviceError as error:
        troubles.append(error)
    try:
        microphones = list_microphones()
    except DeviceError as error:
        troubles.append(error)
    return Devices(tuple(cameras), tuple(microphones), tuple(troubles))


class PersonRow(QWidget):
    """A name, and whether that person agreed."""

    changed = Signal()

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name or nickname")
        self.name.setAccessibleName(f"Person {number}: name")
        self.agreed = Tick("agreed")
        self.agreed.setAccessibleName(f"Person {number} agreed to camera and microphone")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(20)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.agreed)
        self.name.textChanged.connect(self.changed)
        self.agreed.toggled.connect(self.changed)

    @property
    def is_empty(self) -> bool:
        """Nobody is named here."""
        return not self.name.text().strip() and not self.agreed.isChecked()

    @property
    def is_complete(self) -> bool:
        """Somebody is named and agreed."""
        return bool(self.name.text().strip()) and self.agreed.isChecked()


class CameraPage(QWidget):
    """Nothing is switched on before everyone here is named and agreed."""

    start_wanted = Signal(object, object)
    back_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.camera_box, self.microphone_box = Choice(), Choice()
        self.notice = Notice()
        self.persons: list[PersonRow] = []
        self._person_layout = QVBoxLayout()
        self._person_layout.setSpacing(10)
        self.add_button = Button("Add a person", "plain")
        self.start_button = Button("Start", "main", "play")
        self._why = label("", "soft")
        self._lay_out()
        self._add_person()
        self.add_button.clicked.connect(self._add_person)
        self.start_button.clicked.connect(self._start)
        for box in (self.camera_box, self.microphone_box):
            box.currentIndexChanged.connect(self._check)

    def enter(self) -> None:
        """Look for devices anew; consent is asked anew each time."""
        for row in self.persons:
            row.agreed.setChecked(False)
        for box in (self.camera_box, self.microphone_box):
            box.clear()
            box.addItem("Looking …", None)
        self._check()
        self.persons[0].name.setFocus()
        self._services.background.run(find_devices, self._show_devices, self._say)

    def _show_devices(self, devices: Devices) -> None:
        self.camera_box.clear()
        self.microphone_box.clear()
        for camera in devices.cameras:
            self.camera_box.addItem(camera.name, camera.camera_id)
        self.camera_box.addItem(NONE_TEXT["camera"], None)
        for microphone in sorted(devices.microphones, key=lambda one: not one.is_default):
            self.microphone_box.addItem(microphone.name, microphone.microphone_id)
        self.microphone_box.addItem(NONE_TEXT["microphone"], None)
        if devices.troubles:
            self._say(devices.troubles[0])
        elif not devices.cameras and not devices.microphones:
            self._say(EmoAsstError("No camera and no microphone was found.", "Plug one in, then look again."))
        else:
            self.notice.hide()
        self._check()

    def _say(self, error: EmoAsstError) -> None:
        self.notice.say(error.message, error.next_step, main="Look again")

    def _add_person(self) -> None:
        row = PersonRow(len(self.persons) + 1)
        row.changed.connect(self._check)
        self.persons.append(row)
        self._person_layout.addWidget(row)
        self.add_button.setVisible(len(self.persons) < MAX_PERSONS)
        self._check()
        row.name.setFocus()

    def _check(self) -> None:
        named = [row for row in self.persons if not row.is_empty]
        has_device = self.camera_box.currentData() is not None or self.microphone_box.currentData() is not None
        missing = ""
        if not has_device:
            missing = "Choose a camera or a microphone."
        elif not named:
            missing = "Say who is here."
        elif not all(row.is_complete for row in named):
            missing = "Each person needs a name and must have agreed."
        self._why.setText(missing)
        self.start_button.setEnabled(not missing)

    def _start(self) -> None:
        self.start_wanted.emit(self.camera_box.currentData(), self.microphone_box.currentData())

    def _lay_out(self) -> None:
        back = Button("Back", "plain", "back")
        back.clicked.connect(self.back_wanted)
        self.notice.main_chosen.connect(self.enter)
        content = QVBoxLayout()
        content.setSpacing(10)
        content.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)
        content.addWidget(label("Use the camera", "title"))
        content.addWidget(
            label("Live only: no picture and no sound is kept. The readings, the words said and the cues are kept for review.")
        )
        content.addSpacing(8)
        content.addWidget(self.notice)
        content.addWidget(self._devices_card())
        content.addSpacing(6)
        content.addWidget(self._persons_card())
        content.addSpacing(10)
        bottom = QHBoxLayout()
        bottom.setSpacing(20)
        self.start_button.setMinimumWidth(180)
        bottom.addWidget(self.start_button)
        bottom.addWidget(self._why, 1)
        content.addLayout(bottom)
        content.addStretch(1)
        fill_with_column(self, content, CONTENT_PX, top_px=24)

    def _devices_card(self) -> QFrame:
        frame = card()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(24, 18, 24, 22)
        layout.setSpacing(8)
        for name, box in (("Camera", self.camera_box), ("Microphone", self.microphone_box)):
            caption = label(name, "soft")
            caption.setBuddy(box)
            box.setAccessibleName(name)
            layout.addWidget(caption)
            layout.addWidget(box)
        return frame

    def _persons_card(self) -> QFrame:
        frame = card()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(24, 18, 24, 14)
        layout.setSpacing(10)
        layout.addWidget(label("Who is here?", "heading"))
        layout.addWidget(label("Tick “agreed” when that person knows camera and microphone are on, and is fine with it.", "soft"))
        layout.addLayout(self._person_layout)
        layout.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        return frame
