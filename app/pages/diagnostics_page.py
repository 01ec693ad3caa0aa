"""The diagnostics page: how the program stands, in words that can be copied to whoever helps."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.devices import Devices, find_devices
from app.diagnostics import Lines, LogTail, as_text, device_lines, model_lines, status_lines, versions
from app.latencies import Latencies
from app.services import Services
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError

REFRESH_MS = 1_000
SLOW_TICKS = 10  # devices and models are asked for every so many refreshes


class DiagnosticsPage(QWidget):
    """Refreshes while it is shown; nothing personal is in it."""

    left = Signal()

    def __init__(self, services: Services, log: LogTail, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self._log = services, log
        self.latencies = Latencies()
        self._versions = versions()
        self._model: Lines = [("Profile", "not read yet")]
        self._devices: Lines = [("Devices", "not asked yet")]
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Diagnostics")
        self.text.setTabChangesFocus(True)
        self.copy_button = Button("Copy all of it", "main")
        self._copied = label("", "soft")
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._ticks = 0
        self._lay_out()
        self._timer.timeout.connect(self._tick)
        self.copy_button.clicked.connect(self.copy)

    def enter(self) -> None:
        """Ask anew, and go on asking."""
        self._copied.setText("")
        self._ticks = 0
        self._timer.start()
        self._tick()
        self.copy_button.setFocus()

    def leave(self) -> None:
        """Ask no more."""
        self._timer.stop()

    def copy(self) -> None:
        """Put the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._copied.setText("Copied. It holds no names, no words and no pictures.")

    def refresh(self) -> None:
        """Write it anew; the place one has scrolled to stays."""
        sections = [
            ("Versions", self._versions),
            ("Models", self._model),
            ("Devices", self._devices),
            ("Session", status_lines(self._services.runner.status())),
            ("Latencies as seen in the window", self.latencies.lines()),
        ]
        text = as_text(sections, self._log.lines, self._services.people.names.values())
        if text != self.text.toPlainText() and not self.text.textCursor().hasSelection():
            place = self.text.verticalScrollBar().value()
            self.text.setPlainText(text)
            self.text.verticalScrollBar().setValue(place)

    def _tick(self) -> None:
        if self._ticks % SLOW_TICKS == 0:
            self._services.background.run(find_devices, self._take_devices, self._fail)
        if self._ticks == 0:
            self._services.background.run(lambda: model_lines(self._services.profile), self._take_model, self._fail)
        self._ticks += 1
        self.refresh()

    def _take_devices(self, devices: Devices) -> None:
        self._devices = device_lines(devices)
        self.refresh()

    def _take_model(self, lines: Lines) -> None:
        self._model = lines
        self.refresh()

    def _fail(self, error: EmoAsstError) -> None:
        self._model = [("Trouble", str(error))]

    def _lay_out(self) -> None:
        back = Button("Start page", "plain", "back")
        back.clicked.connect(self.left)
        bottom = QHBoxLayout()
        bottom.setSpacing(20)
        bottom.addWidget(self.copy_button)
        bottom.addWidget(self._copied, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 24, 32, 24)
        layout.setSpacing(12)
        layout.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(label("Diagnostics", "title"))
        layout.addWidget(label("For whoever helps when something does not work. Nothing is sent anywhere.", "soft"))
        layout.addWidget(self.text, 1)
        layout.addLayout(bottom)
