"""All sessions over time: what the program did in each, as bars and as a table. It says nothing about how anybody is doing."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.services import Services
from app.widgets.notice import Notice
from app.widgets.scroll import fill_with_column
from app.widgets.session_list import session_name
from app.widgets.text import Button, label
from app.widgets.trend_chart import TrendChart
from emoasst_core.clock import length_text
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.trends import SessionFigures, trends
from emoasst_core.store.database import Database

COLUMN_PX, TABLE_PX = 980, 220
HEADINGS = ("Day", "Session", "Length", "Named something", "Answered", "Agreed")
MEANING = (
    "What the program did in each session: bars show how much of the time its cue named something; the line across a bar, "
    "how often you agreed where you answered. Sessions differ in light, sound and people. These numbers are about the program; "
    "they say nothing about how anybody is doing."
)


class TrendsPage(QWidget):
    """The last sessions, oldest first."""

    left = Signal()
    session_wanted = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._figures: tuple[SessionFigures, ...] = ()
        self.back_button = Button("Start page", "plain", "back")
        self.chart = TrendChart()
        self.table = _table()
        self.notice = Notice()
        self._empty = label("", "lead")
        self._lay_out()
        self.back_button.clicked.connect(self.left)
        self.notice.main_chosen.connect(self.notice.hide)
        self.table.itemActivated.connect(lambda item: self.session_wanted.emit(self._figures[item.row()].session_id))

    def enter(self) -> None:
        """Read the sessions."""
        path = self._services.database_path

        def read() -> tuple[SessionFigures, ...]:
            if not path.exists():
                return ()
            with Database(path) as database:
                return trends(database)

        self._services.background.run(read, self._show, self._say)
        self.back_button.setFocus()

    def _show(self, figures: tuple[SessionFigures, ...]) -> None:
        self._figures = figures
        self.chart.show_figures(figures)
        self._empty.setText("" if figures else "No sessions yet.")
        self._empty.setVisible(not figures)
        self.chart.setVisible(bool(figures))
        self.table.setVisible(bool(figures))
        self.table.setRowCount(len(figures))
        for row, one in enumerate(figures):
            for column, text in enumerate(row_texts(one)):
                self.table.setItem(row, column, QTableWidgetItem(text))

    def _say(self, error: EmoAsstError) -> None:
        self.notice.say(error.message, error.next_step, main="Close this message")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.back_button)
        top.addStretch(1)
        content = QVBoxLayout()
        content.setSpacing(14)
        content.addLayout(top)
        content.addWidget(label("Sessions over time", "title"))
        content.addWidget(label(MEANING))
        for part in (self.notice, self._empty, self.chart, self.table):
            content.addWidget(part)
        content.addStretch(1)
        fill_with_column(self, content, COLUMN_PX, top_px=16)


def row_texts(one: SessionFigures) -> tuple[str, ...]:
    """A session as the table shows it."""
    sure = "no cue" if one.sure_share is None else f"{one.sure_share:.0%} of the time"
    agreed = f"{one.num_right} of {one.num_named}" if one.num_named else "-"
    day = f"{one.started_at.astimezone():%d %b %Y, %H:%M}".lstrip("0")
    return (day, session_name(one.recording), length_text(one.duration_s), sure, str(one.num_answered), agreed)


def _table() -> QTableWidget:
    table = QTableWidget(0, len(HEADINGS))
    table.setHorizontalHeaderLabels(list(HEADINGS))
    table.setAccessibleName("Sessions as a table; Enter opens one")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(44)
    table.setShowGrid(False)
    table.setMinimumHeight(TABLE_PX)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    return table
