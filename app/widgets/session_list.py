"""Sessions to choose from, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.widgets.press_button import PressButton
from app.widgets.text import Button, label
from emoasst_core.clock import length_text
from emoasst_core.store.sessions import SessionInfo

ROW_PX = 56


def session_name(recording: str) -> str:
    """What a session is called: the file's name, or that it was live."""
    return PurePath(recording).name if recording else "Live session"


def session_day(info: SessionInfo) -> str:
    """Day and time in this place's time."""
    return f"{info.started_at.astimezone():%d %b %Y, %H:%M}".lstrip("0")


class SessionRow(PressButton):
    """One session."""

    def __init__(self, info: SessionInfo, num_waiting: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name, day, length = session_name(info.recording), session_day(info), length_text(info.duration_s)
        answers = f"{info.num_labelled} answered" if info.num_labelled else "not looked at yet"
        if num_waiting and info.num_labelled:
            answers += f", {num_waiting} to go"
        self.setProperty("role", "row")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{name}, {day}, {length}, {answers}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(ROW_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 6, 14, 6)
        layout.setSpacing(24)
        for text, role, stretch in ((name, "body", 5), (day, "soft", 4), (length, "soft", 2), (answers, "soft", 3)):
            part = label(text, role, wraps=False)
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            if role == "body":
                part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # a long name gives way
                part.setToolTip(text)
            layout.addWidget(part, stretch)


class SessionList(QWidget):
    """Rows, or a sentence where there are none."""

    chosen = Signal(str)
    delete_wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.rows: list[SessionRow] = []
        self._lines: list[QWidget] = []
        self._empty = label("", "soft")
        self._layout.addWidget(self._empty)

    def show_sessions(self, infos: Sequence[SessionInfo], empty: str, waiting: Mapping[str, int] | None = None) -> None:
        """Show these; `empty` is said where there are none. `waiting` counts each session's clips that wait for an answer."""
        for line in self._lines:
            self._layout.removeWidget(line)
            line.hide()  # it lives until the next turn of the event loop
            line.deleteLater()
        self.rows, self._lines = [], []
        self._empty.setText(empty)
        self._empty.setVisible(not infos)
        for info in infos:
            row = SessionRow(info, (waiting or {}).get(info.session_id, 0))
            row.clicked.connect(lambda _checked=False, session_id=info.session_id: self.chosen.emit(session_id))
            self.rows.append(row)
            self._add_line(row, info)

    def _add_line(self, row: SessionRow, info: SessionInfo) -> None:
        name = f"{session_name(info.recording)}, {session_day(info)}"
        delete = Button("Delete", "plain")
        delete.setAccessibleName(f"Delete {name}")
        delete.clicked.connect(lambda: self.delete_wanted.emit(info.session_id, name))
        line = QWidget()
        parts = QHBoxLayout(line)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(8)
        parts.addWidget(row, 1)
        parts.addWidget(delete)
        self._layout.addWidget(line)
        self._lines.append(line)
