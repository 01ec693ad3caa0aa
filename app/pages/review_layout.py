"""How the review page is arranged: picture and answers above, timeline or table below."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.item_models.timeline_model import LaneRow, TimelineModel, clock_text
from app.names import shown_name
from app.theme import BODY_LINE_PX
from app.widgets.answer_pad import AnswerPad
from app.widgets.cue_card import CueIcon
from app.widgets.find_bar import FindBar
from app.widgets.flow import FlowLayout
from app.widgets.notice import Notice
from app.widgets.picture_view import PictureView
from app.widgets.player_bar import PlayerBar
from app.widgets.text import Button, ElidedLabel, card, label
from app.widgets.timeline_view import TimelineView
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.utterances import UtteranceRow

NOTHING_READ = "No feelings were read in this session."
BROKE_OFF = "It broke off before that was kept. While the start page is shown it is looked through; until then it can be watched."
NOBODY = "Nobody was seen and heard. What was recorded can be watched; there is nothing to answer."
SIDE_PX = 362  # least width of the answers
CUE_ICON_PX = 44
LEAST_PICTURE_PX = 440  # beside the answers, edges and gaps included
LOWER_PX, SHORT_LOWER_PX = 220, 176  # at the normal text size; of a low page, where every lane still has room for its icons
SHORT_PX = 780  # a lower page has smaller gaps and a lower timeline, so that a window of 1024 x 700 need not scroll


class ReviewLayout:
    """The widgets of the review page in their places."""

    def __init__(self, page: QWidget, catalogue: Catalogue, model: TimelineModel) -> None:
        self._catalogue, self._model = catalogue, model
        self.back_button = Button("Start page", "plain", "back")
        self.title = ElidedLabel("heading")
        self.clips_button = Button("Answer clips", "quiet", "question")
        self.undo_button = Button("Undo", "plain", "undo")
        self.redo_button = Button("Redo", "plain", "redo")
        self.table_button = Button("Show as a table", "plain")
        self.why_button = Button("Why?", "quiet")
        self.why_button.setToolTip("Which of your answers spoke for it")
        self.why_button.setAccessibleName("Why this cue?")
        self.export_button = Button("Save for others", "plain")
        self.notice = Notice()
        self.picture = PictureView()
        self.bar = PlayerBar()
        self.find = FindBar(catalogue)
        self.pad = AnswerPad(catalogue)
        self.timeline = TimelineView(model, catalogue)
        self.table = _table(model)
        self._cue_icon = CueIcon(catalogue, CUE_ICON_PX)
        self._cue_words = label("")
        self._question = label("", "heading")
        self._part = label("", "soft")
        self._kept = label("", "soft")
        self.lower = QStackedWidget()
        self.lower.addWidget(self.timeline)
        self.lower.addWidget(self.table)
        for button in (self.undo_button, self.redo_button):
            button.setEnabled(False)
        self._lay_out(page)

    def clear(self) -> None:
        """Nothing is open yet."""
        self.title.say("Opening …")
        self.notice.hide()
        self.picture.say("")
        self._kept.setText("")
        self._part.setText("")
        self.show_cue(None)
        self.pad.show_answer(None, False)
        self.why_button.setEnabled(False)

    def say_what_is_kept(self, record: SessionRecord, has_media: bool) -> None:
        """Where pictures or readings of a session are missing, say so and what still works."""
        close = "Close this message"
        if not has_media and record.recording:
            self.notice.say(
                f"The recording is not at {record.recording} any more.", "Timeline and answers still work.", main=close
            )
        elif has_media and not record.utterances and not record.timeline.spans:
            self.notice.say(NOTHING_READ, NOBODY if record.encoder_hash else BROKE_OFF, main=close)
        if not has_media:
            self.picture.say("The recording was moved." if record.recording else "No picture was kept of this session.")

    def offer_clips(self, num_waiting: int) -> None:
        """Offer the clips that wait for an answer, where there are any."""
        self.clips_button.setText(f"Answer {num_waiting} clip{'s' if num_waiting != 1 else ''}")
        self.clips_button.setVisible(num_waiting > 0)

    def fit(self, page: QSize) -> None:
        """Give timeline and table the height their text needs; put the answers below the picture on a narrow page."""
        self.title.ensurePolished()
        is_short = page.height() < SHORT_PX
        self._rows.setContentsMargins(24, 8 if is_short else 12, 24, 8 if is_short else 16)
        self._rows.setSpacing(8 if is_short else 12)
        self._answers.setSpacing(5 if is_short else 8)
        is_narrow = page.width() < self.pad.minimumSizeHint().width() + LEAST_PICTURE_PX
        direction = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._middle.setDirection(direction)
        scale = max(1.0, self.bar.speed_button.fontMetrics().height() / BODY_LINE_PX)
        self.lower.setFixedHeight(round((SHORT_LOWER_PX if is_short else LOWER_PX) * scale))

    def show_part(self, part: UtteranceRow) -> None:
        """Say which part answers are for, and the answer it has."""
        who = f", {shown_name(part.person, self._model.names)}" if part.person else ""
        words = f"\n“{part.text}”" if part.text else ""
        self._part.setText(f"{clock_text(part.start_s)} to {clock_text(part.end_s)}{who}{words}")
        self.timeline.set_selected(part.start_s, part.end_s)
        self.pad.show_answer(part.label, bool(part.embeddings))
        self.why_button.setEnabled(True)

    def show_cue(self, row: LaneRow | None) -> None:
        """Show the cue that was shown at this moment."""
        if row is None or row.state is None:
            self._cue_icon.show_cue(None)
            self._cue_words.setText("No cue was shown here.")
            return
        self._cue_icon.show_cue(Cue(row.start_s, row.state, row.emotion))
        self._cue_words.setText(f"Shown: {row.text}")

    def say_kept(self, words: str) -> None:
        """Say what became of the last answer."""
        self._kept.setText(words)

    @property
    def shows_table(self) -> bool:
        """Whether the table stands where the timeline was."""
        return self.lower.currentWidget() is self.table

    def toggle_table(self) -> None:
        """Show the table instead of the timeline, or back."""
        shows_table = not self.shows_table
        self.lower.setCurrentWidget(self.table if shows_table else self.timeline)
        self.table_button.setText("Show as a timeline" if shows_table else "Show as a table")
        if shows_table:
            self.table.setFocus()

    def name_undo(self, text: str) -> None:
        """Say what would be undone."""
        _name(self.undo_button, "Undo", text)

    def name_redo(self, text: str) -> None:
        """Say what would be redone."""
        _name(self.redo_button, "Redo", text)

    def _lay_out(self, page: QWidget) -> None:
        tools = QWidget()
        flow = FlowLayout(tools, gap_px=8)
        for button in (self.clips_button, self.undo_button, self.redo_button, self.export_button):
            flow.addWidget(button)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.back_button)
        top.addWidget(self.title, 1)
        top.addWidget(tools)
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(self.picture, 1)
        left.addWidget(self.bar)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.setSpacing(20)
        self._middle.addLayout(left, 1)
        self._middle.addWidget(self._answers_card())
        inside = QWidget()
        inside.setObjectName("scrolled")
        layout = self._rows = QVBoxLayout(inside)
        layout.addLayout(top)
        layout.addWidget(self.notice)
        layout.addLayout(self._middle, 1)
        search = QHBoxLayout()
        search.setSpacing(10)
        search.addWidget(self.find, 1)
        search.addWidget(self.table_button, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(search)
        layout.addWidget(self.lower)
        area = QScrollArea()  # the timeline has the keyboard from the start, but the page is read from its top
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        outside = QVBoxLayout(page)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(area)

    def _answers_card(self) -> QWidget:
        frame = card("stage")
        frame.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Expanding)
        layout = self._answers = QVBoxLayout(frame)
        layout.setContentsMargins(18, 14, 18, 12)
        layout.addStrut(SIDE_PX)
        cue = QHBoxLayout()
        cue.setSpacing(12)
        cue.addWidget(self._cue_icon)
        cue.addWidget(self._cue_words, 1)
        cue.addWidget(self.why_button)
        self._question.setText("What was it really?")
        self._kept.setMinimumHeight(22)
        layout.addLayout(cue)
        layout.addWidget(self._part)
        layout.addSpacing(6)
        layout.addWidget(self._question)
        layout.addWidget(self.pad)
        layout.addWidget(self._kept)
        layout.addStretch(1)
        return frame


def _name(button: Button, verb: str, text: str) -> None:
    """On a narrow page there is no room to say it on the button."""
    button.setToolTip(f"{verb} {text}".strip())
    button.setAccessibleName(f"{verb} {text}".strip())


def _table(model: TimelineModel) -> QTableView:
    table = QTableView()
    table.setModel(model)
    table.setAccessibleName("Timeline as a table")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(40)
    table.setShowGrid(False)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setStretchLastSection(True)
    for column, width in enumerate((90, 90, 140, 160)):
        table.setColumnWidth(column, width)
    return table
