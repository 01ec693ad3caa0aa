"""Camera and microphone to choose from, what the system allows, and a trial: picture and loudness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.bridge import Bridge
from app.devices import Devices
from app.permissions import PermissionWords, camera_permission, microphone_permission
from app.widgets.form import Choice
from app.widgets.picture_view import PictureView
from app.widgets.status_sign import StatusSign
from app.widgets.text import Button, label
from emoasst_core.session.device_preview import DevicePreview
from emoasst_core.session.events import SessionEvent, SessionFailed

NONE_TEXT = {"camera": "No camera", "microphone": "No microphone"}
PREVIEW_PX = 240
ANY = ""  # no wish which device; and the entry of one that is unplugged
REST_TEXT = "Nothing is on. “Try them” shows the picture here; it is not kept."


class DeviceCard(QFrame):
    """Chosen devices are kept by their stable id: one that is plugged in again is chosen again."""

    changed = Signal()
    failed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.camera_box, self.microphone_box = Choice(), Choice()
        self.camera_words, self.microphone_words = label("", "soft"), label("", "soft")
        self.try_button = Button("Try them", "quiet")
        self.picture = PictureView()
        self.picture.setFixedHeight(PREVIEW_PX)
        self.picture.say(REST_TEXT)
        self.meter = StatusSign("microphone", "Microphone on", "Microphone off", has_meter=True)
        self._bridge = Bridge(self)
        self._preview = DevicePreview(self._bridge.tell)
        self._wanted: dict[str, str | None] = {}
        self._lay_out()
        self.camera_box.currentIndexChanged.connect(lambda: self._choose("camera", self.camera_box))
        self.microphone_box.currentIndexChanged.connect(lambda: self._choose("microphone", self.microphone_box))
        self.try_button.clicked.connect(self._toggle)
        self._bridge.frame_seen.connect(self.picture.show_frame)
        self._bridge.level_heard.connect(self.meter.set_level)
        self._bridge.event_told.connect(self._take)

    @property
    def camera_id(self) -> str | None:
        """The camera chosen."""
        return self._of(self.camera_box)

    @property
    def microphone_id(self) -> str | None:
        """The microphone chosen."""
        return self._of(self.microphone_box)

    @property
    def is_trying(self) -> bool:
        """Whether camera or microphone are on."""
        return self.meter.is_on or self.try_button.text() != "Try them"

    def look(self, camera_id: str | None = ANY, microphone_id: str | None = ANY) -> None:
        """Show that devices are being looked for; those given are chosen once they are found."""
        self._wanted = {"camera": camera_id, "microphone": microphone_id}
        for box in (self.camera_box, self.microphone_box):
            with QSignalBlocker(box):
                box.clear()
                box.addItem("Looking …", None)
        self._chosen()

    def show_devices(self, devices: Devices) -> None:
        """List what is plugged in; what was chosen stays chosen, also while it is unplugged."""
        microphones = sorted(devices.microphones, key=lambda one: not one.is_default)
        self._fill(self.camera_box, "camera", [(one.name, one.camera_id) for one in devices.cameras])
        self._fill(self.microphone_box, "microphone", [(one.name, one.microphone_id) for one in microphones])
        self._chosen()

    def allow_trial(self, is_allowed: bool) -> None:
        """Let the devices be tried once somebody here has agreed; else switch them off."""
        if self.is_trying and not is_allowed:
            self.stop()
        self.try_button.setEnabled(is_allowed and (self.camera_id is not None or self.microphone_id is not None))

    def stop(self, waits: bool = False) -> None:
        """Switch the trial off; with `waits` only return when the devices are free."""
        self._preview.stop()
        if waits:
            self._preview.wait()
        self.try_button.setText("Try them")
        self.meter.set_on(False)
        self.picture.say(REST_TEXT)

    def _toggle(self) -> None:
        if self.is_trying:
            self.stop()
            return
        self.picture.say("Starting the camera …" if self.camera_id is not None else "No camera is chosen.")
        self._preview.start(self.camera_id, self.microphone_id)
        self.try_button.setText("Switch them off")
        self.meter.set_on(self.microphone_id is not None)

    def _take(self, event: SessionEvent) -> None:
        if isinstance(event, SessionFailed) and self.is_trying:
            self.stop()
            self.failed.emit(event.message, event.next_step)

    def _fill(self, box: Choice, kind: str, devices: Sequence[tuple[str, str]]) -> None:
        ids = [device_id for _, device_id in devices]
        wanted = self._wanted.get(kind, ANY)
        with QSignalBlocker(box):
            box.clear()
            for name, device_id in devices:
                box.addItem(name, device_id)
            box.addItem(NONE_TEXT[kind], None)
            if wanted is None or wanted in ids:
                box.setCurrentIndex(ids.index(wanted) if wanted is not None else len(ids))
            elif wanted != ANY:
                box.insertItem(0, f"Unplugged: {PurePath(wanted).name}", ANY)
                box.setCurrentIndex(0)

    def _has_list(self, box: Choice) -> bool:
        return box.findText(NONE_TEXT["camera" if box is self.camera_box else "microphone"]) >= 0

    def _of(self, box: Choice) -> str | None:
        """The id chosen; "" (unplugged) counts as none."""
        return box.currentData() or None

    def _choose(self, kind: str, box: Choice) -> None:
        if box.currentData() != ANY:
            self._wanted[kind] = box.currentData()
        self._chosen()

    def _chosen(self) -> None:
        if self.is_trying:
            self.stop()
        has_list = self._has_list(self.camera_box)
        camera = camera_permission(self.camera_id) if self.camera_id else None
        microphone = microphone_permission() if self.microphone_id else None
        for words, permission in ((self.camera_words, camera), (self.microphone_words, microphone)):
            words.setText(permission_text(permission) if has_list else "")
            words.setVisible(bool(words.text()))
        self.changed.emit()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 18, 24, 22)
        layout.setSpacing(8)
        for name, box, words in (
            ("Camera", self.camera_box, self.camera_words),
            ("Microphone", self.microphone_box, self.microphone_words),
        ):
            caption = label(name, "soft")
            caption.setBuddy(box)
            box.setAccessibleName(name)
            layout.addWidget(caption)
            layout.addWidget(box)
            layout.addWidget(words)
        layout.addSpacing(8)
        layout.addWidget(self.picture)
        bottom = QHBoxLayout()
        bottom.addWidget(self.try_button)
        bottom.addStretch(1)
        bottom.addWidget(self.meter)
        layout.addLayout(bottom)


def permission_text(permission: PermissionWords | None) -> str:
    """State and next step in one line."""
    return f"{permission.words} {permission.next_step}".strip() if permission is not None else ""
