"""A session as rows: what the painted timeline and its table both show."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.names import shown_name
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState, Source, TimelineSpan
from emoasst_core.store.clips import CANT_TELL, SOMETHING_ELSE
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.utterances import UtteranceRow

Index = QModelIndex | QPersistentModelIndex


class Lane(IntEnum):
    """The lanes, from top to bottom."""

    FACE = 0
    VOICE = 1
    SHOWN = 2
    ANSWER = 3
    WORDS = 4


LANE_NAMES = {Lane.FACE: "Face", Lane.VOICE: "Voice", Lane.SHOWN: "Cue shown", Lane.ANSWER: "Your answer", Lane.WORDS: "Words"}
_LANE_OF_SOURCE = {Source.FACE: Lane.FACE, Source.VOICE: Lane.VOICE, Source.SHOWN: Lane.SHOWN}
NO_EMOTION = {CANT_TELL: "Can’t tell", SOMETHING_ELSE: "Something else"}
NEIGHBOURS = 8  # overlapping utterances looked at on either side of a moment
HEADINGS = ("From", "To", "Lane", "Person", "What")


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One stretch of one lane. `utterance` is its number where it can be answered, else 0."""

    lane: Lane
    start_s: float
    end_s: float
    person: str = ""
    state: CueState | None = None
    emotion: str | None = None
    text: str = ""
    utterance: int = 0


def clock_text(time_s: float) -> str:
    """Minutes, seconds and tenths.

    >>> clock_text(75.25)
    '1:15.2'
    """
    tenths = int(time_s * 10 + 1e-6)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


class TimelineModel(QAbstractTableModel):
    """Rows by lane and time, and the answers given."""

    def __init__(self, catalogue: Catalogue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._catalogue = catalogue
        self.names: Mapping[str, str] = {}
        self.rows: list[LaneRow] = []
        self.utterances: tuple[UtteranceRow, ...] = ()
        self.duration_s = 0.0
        self._by_start: list[UtteranceRow] = []
        self._index()

    def load(self, record: SessionRecord | None, names: Mapping[str, str] | None = None) -> None:
        """Show another session; `names` of the people who are known."""
        self.beginResetModel()
        self.names = names or {}
        self.rows, self.utterances, self.duration_s = [], (), 0.0
        if record is not None:
            self.utterances, self.duration_s = record.utterances, record.duration_s
            spans = [(lane, span) for span in record.timeline.spans if (lane := _LANE_OF_SOURCE.get(span.source)) is not None]
            self.rows = [self._row(lane, span) for lane, span in spans]
            self.rows += [self._answer_row(utterance) for utterance in record.utterances]
            self.rows += [LaneRow(Lane.WORDS, word.start_s, word.end_s, text=word.text) for word in record.timeline.words]
            self.rows.sort(key=lambda row: (row.start_s, row.lane))
        self._index()
        self.endResetModel()

    def show_rows(self, rows: list[LaneRow], duration_s: float) -> None:
        """Show rows that belong to no saved session."""
        self.beginResetModel()
        self.rows, self.utterances, self.duration_s = rows, (), duration_s
        self._index()
        self.endResetModel()

    def set_answer(self, number: int, answer: str | None) -> None:
        """Note the answer for one utterance; None for none."""
        place = self._place_of_number[number]
        changed = replace(self.utterances[place], label=answer)
        self.utterances = (*self.utterances[:place], changed, *self.utterances[place + 1 :])
        self._by_start = [changed if row.number == number else row for row in self._by_start]
        position = self._row_of_number[number]
        self.rows[position] = self._answer_row(changed)
        self.dataChanged.emit(self.index(position, 0), self.index(position, len(HEADINGS) - 1))

    def utterance(self, number: int) -> UtteranceRow:
        """The utterance of this number."""
        return self.utterances[self._place_of_number[number]]

    def utterance_at(self, time_s: float) -> UtteranceRow | None:
        """The utterance that a moment lies in, else the one nearest to it."""

        def distance_s(row: UtteranceRow) -> tuple[float, float]:
            return max(row.start_s - time_s, time_s - row.end_s + 1e-6, 0.0), -row.start_s

        after = bisect_right(self._starts_s, time_s)
        return min(self._by_start[max(0, after - NEIGHBOURS) : after + NEIGHBOURS], key=distance_s, default=None)

    def shown_at(self, time_s: float) -> LaneRow | None:
        """The cue that was shown at a moment."""
        begun = bisect_right(self._shown_starts_s, time_s)
        return self._shown[begun - 1] if begun and time_s < self._shown[begun - 1].end_s else None

    def _index(self) -> None:
        """What is asked for thirty times a second while a recording plays is looked up, not searched."""
        self._place_of_number = {row.number: place for place, row in enumerate(self.utterances)}
        self._row_of_number = {row.utterance: place for place, row in enumerate(self.rows) if row.utterance}
        self._by_start = sorted(self.utterances, key=lambda row: row.start_s)
        self._starts_s = [row.start_s for row in self._by_start]
        self._shown = [row for row in self.rows if row.lane is Lane.SHOWN]
        self._shown_starts_s = [row.start_s for row in self._shown]

    def rowCount(self, parent: Index | None = None) -> int:
        """One row per stretch."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """From, to, lane, person, what."""
        return 0 if parent is not None and parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column names."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The row in words."""
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        row = self.rows[index.row()]
        who = shown_name(row.person, self.names)
        texts = (clock_text(row.start_s), clock_text(row.end_s), LANE_NAMES[row.lane], who, row.text)
        return texts[index.column()]

    def _row(self, lane: Lane, span: TimelineSpan) -> LaneRow:
        text = self._catalogue.text(Cue(span.start_s, span.state, span.emotion))
        return LaneRow(lane, span.start_s, span.end_s, span.person, span.state, span.emotion, text)

    def _answer_row(self, row: UtteranceRow) -> LaneRow:
        emotion = row.label if row.label and row.label not in NO_EMOTION else None
        text = self._catalogue.word(emotion) if emotion else NO_EMOTION.get(row.label or "", "")
        state = CueState.CLEAR if emotion else CueState.UNSURE if row.label else None
        return LaneRow(Lane.ANSWER, row.start_s, row.end_s, row.person, state, emotion, text, row.number)
