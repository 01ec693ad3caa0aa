"""Watching a session again: player, timeline, and one key per answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QUndoStack
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.actions import ANSWERS, add_actions
from app.corrections import AnswerCommand, answer_text, give_answer
from app.dialogs.export_dialog import ExportDialog
from app.item_models.timeline_model import TimelineModel, clock_text
from app.pages.review_layout import ReviewLayout
from app.player import LOOKING, Player
from app.review_finder import ReviewFinder
from app.services import Services
from app.theme import LIGHT, Theme, give_theme
from app.widgets.find_bar import WHOLE
from app.widgets.session_list import session_name
from emoasst_core.datatypes import CueState
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.clip_collection import collect_clips
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.playback_source import Source
from emoasst_core.store.clips import CANT_TELL, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, get_session
from emoasst_core.store.utterances import UtteranceRow

if TYPE_CHECKING:
    from emoasst_core.review.explanation import PartExplanation

UNSURE_STATES = (CueState.UNSURE, CueState.MAYBE)
ARROW_ACTIONS = ("previous_part", "next_part", "back_second", "on_second")


@dataclass(frozen=True, slots=True)
class _Opened:
    record: SessionRecord
    media: Source | None
    num_waiting: int


class ReviewPage(QWidget):
    """One session at a time."""

    left = Signal()
    answers_wanted = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._session_id = ""
        self._part: UtteranceRow | None = None
        self._theme: Theme = LIGHT
        self.model = TimelineModel(services.catalogue, self)
        self.stack = QUndoStack(self)
        self.player = Player(self)
        self.view = ReviewLayout(self, services.catalogue, self.model)
        self.finder = ReviewFinder(self.view, self.model, self.player.seek, lambda: self.player.position_s)
        self.actions_by_name = add_actions(self, "review", self._handlers())
        self._connect()

    def open(self, session_id: str) -> None:
        """Show a session."""
        self._session_id = session_id
        self.stack.clear()
        self.model.load(None)
        self._part = None
        self.view.clear()
        path = self._services.database_path

        def read() -> _Opened:
            with Database(path, create=False) as database:
                record = get_session(database, session_id)
                collect_clips(database, session_id)
                return _Opened(record, media_of(database, record), len(Clips(database).pending(session_id)))

        self._services.background.run(read, self._show, self._say)

    def set_theme(self, theme: Theme) -> None:
        """Follow a change of colours and text size."""
        self._theme = theme
        self.view.fit(self.size())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Follow the size of the window."""
        super().resizeEvent(event)
        self.view.fit(self.size())

    def leave(self) -> None:
        """Stand still."""
        self.player.pause()

    def close_player(self) -> None:
        """End the player's thread."""
        self.player.close()

    def answer(self, answer: str) -> None:
        """Answer for the part the player is in; the same answer again takes it back."""
        part = self._part
        if part is None:
            return
        if answer != CANT_TELL and not part.embeddings:
            self._say(
                EmoAsstError(
                    "Nothing was seen or heard in this part, so there is nothing to learn from it.", "Choose another part."
                )
            )
            return
        after = None if part.label == answer else answer
        word = "no answer" if after is None else "" if after == CANT_TELL else self._services.catalogue.word(after)
        text = answer_text(after, word, clock_text(part.start_s))
        self.stack.push(AnswerCommand(text, part.number, part.label, after, self._keep))

    def _keep(self, number: int, answer: str | None) -> None:
        path, session_id = self._services.database_path, self._session_id
        self.model.set_answer(number, answer)
        self._show_part(self.model.utterance(number))
        self.view.say_kept("Saving …")
        self._services.background.run(
            lambda: give_answer(path, session_id, number, answer), lambda _kept: self._kept(answer), self._could_not_keep
        )

    def _kept(self, answer: str | None) -> None:
        learns = answer is not None and answer != CANT_TELL
        self.view.say_kept("Saved. The next session learns from it." if learns else "Saved.")

    def _could_not_keep(self, error: EmoAsstError) -> None:
        self.open(self._session_id)  # what is kept is what counts
        self._say(error)

    def _say(self, error: EmoAsstError) -> None:
        self.view.notice.say(error.message, error.next_step, main="Close this message")

    def _show(self, opened: _Opened) -> None:
        record, media = opened.record, opened.media
        self.view.offer_clips(opened.num_waiting)
        self.model.load(record, self._services.people.names)
        self.view.timeline.set_marks(record.marks_s)
        self.view.title.say(f"{session_name(record.recording)}, {record.started_at.astimezone():%d %b %Y, %H:%M}")
        self.view.say_what_is_kept(record, media is not None)
        self.finder.load(record)
        self.player.open(media, record.duration_s)
        self.view.timeline.setFocus()

    def _move(self, time_s: float) -> None:
        self.finder.follow(time_s)
        self.view.timeline.set_position(time_s)
        self.view.bar.show_time(time_s, self.player.duration_s)
        part = self.model.utterance_at(time_s)
        if part is not None and (self._part is None or part.number != self._part.number):
            self._show_part(part)
        self.view.show_cue(self.model.shown_at(time_s))

    def _show_part(self, part: UtteranceRow) -> None:
        self._part = part
        self.view.show_part(part)

    def _go_to_part(self, step: int) -> None:
        parts = self.model.utterances
        if self._part is None or not parts:
            return
        position = next(place for place, part in enumerate(parts) if part.number == self._part.number)
        self._enter_part(parts[min(max(position + step, 0), len(parts) - 1)])

    def _go_to_unsure(self) -> None:
        after_s = self._part.start_s if self._part is not None else -1.0
        unsure = [part for part in self.model.utterances if part.state in UNSURE_STATES and part.label is None]
        later = [part for part in unsure if part.start_s > after_s]
        if unsure:
            self._enter_part((later or unsure)[0])
        else:
            self.view.say_kept("No unsure part is left.")

    def _enter_part(self, part: UtteranceRow) -> None:
        self._show_part(part)
        self.player.seek(part.start_s)

    def _play_or_press(self) -> None:
        """Space plays, unless a button has the keyboard: then it presses that."""
        focused = self.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        else:
            self.player.toggle()

    def _toggle_table(self) -> None:
        self.view.toggle_table()
        for name in ARROW_ACTIONS:  # in the table the arrows go from row to row
            self.actions_by_name[name].setEnabled(not self.view.shows_table)

    def _go_to_row(self, row: int) -> None:
        if self.view.shows_table and 0 <= row < len(self.model.rows):
            self.player.seek(self.model.rows[row].start_s)

    def _export(self) -> None:
        said = self.view.say_kept
        dialog = ExportDialog(self._services, self._session_id, lambda path: said(f"Saved as {path}."), self._say, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def explain(self) -> None:
        """Say which answers spoke for the reading of the part the player is in."""
        part = self._part
        if part is None:
            self.view.say_kept("Nothing was read here.")
            return
        self.player.pause()
        path, session_id, number = self._services.database_path, self._session_id, part.number

        def read() -> PartExplanation:
            from emoasst_core.review.explanation import explain_part  # brings the classifier in: not before it is needed

            with Database(path, create=False) as database:
                return explain_part(database, session_id, number)

        self._services.background.run(read, self._show_explanation, self._say)

    def _show_explanation(self, explanation: PartExplanation) -> None:
        from app.dialogs.explanation_dialog import ExplanationDialog

        dialog = ExplanationDialog(self._services, explanation, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        give_theme(dialog, self._theme)
        dialog.open()

    def _toggle_speed(self) -> None:
        self.player.set_rate(0.5 if self.player.rate == 1.0 else 1.0)
        self.view.bar.speed_button.setChecked(self.player.rate != 1.0)

    def _handlers(self) -> dict[str, Callable[[], None]]:
        player = self.player
        handlers: dict[str, Callable[[], None]] = {
            "go_home": self.left.emit,
            "play": self._play_or_press,
            "previous_part": lambda: self._go_to_part(-1),
            "next_part": lambda: self._go_to_part(1),
            "next_unsure": self._go_to_unsure,
            "step_back": lambda: player.step(-1),
            "step_on": lambda: player.step(1),
            "back_second": lambda: player.seek(player.position_s - 1),
            "on_second": lambda: player.seek(player.position_s + 1),
            "half_speed": self._toggle_speed,
            "zoom_in": lambda: self.view.timeline.zoom(1),
            "zoom_out": lambda: self.view.timeline.zoom(-1),
            "show_table": self._toggle_table,
            "next_emotion": self.finder.next_of_emotion,
            "previous_emotion": lambda: self.finder.next_of_emotion(-1),
            "previous_chapter": lambda: self.finder.step_chapter(-1),
            "next_chapter": lambda: self.finder.step_chapter(1),
            "whole_session": lambda: self.finder.show_chapter(WHOLE),
            "search_words": self.view.find.words_edit.setFocus,
            "next_words": self.finder.next_words,
            "why": self.explain,
            "export": self._export,
            "answer_clips": lambda: self.answers_wanted.emit(self._session_id),
            "undo": self.stack.undo,
            "redo": self.stack.redo,
        }
        return handlers | {f"answer_{answer}": lambda answer=answer: self.answer(answer) for answer in ANSWERS}

    def _connect(self) -> None:
        view, player = self.view, self.player
        view.back_button.clicked.connect(self.left)
        view.clips_button.clicked.connect(lambda: self.answers_wanted.emit(self._session_id))
        view.undo_button.clicked.connect(self.stack.undo)
        view.redo_button.clicked.connect(self.stack.redo)
        view.export_button.clicked.connect(self._export)
        view.why_button.clicked.connect(self.explain)
        view.table_button.clicked.connect(self._toggle_table)
        view.pad.answered.connect(self.answer)
        view.notice.main_chosen.connect(view.notice.hide)
        view.bar.back_wanted.connect(lambda: self._go_to_part(-1))
        view.bar.on_wanted.connect(lambda: self._go_to_part(1))
        view.bar.play_wanted.connect(player.toggle)
        view.find.unsure_wanted.connect(self._go_to_unsure)
        view.bar.speed_wanted.connect(self._toggle_speed)
        view.timeline.moment_chosen.connect(player.seek)
        view.table.selectionModel().currentRowChanged.connect(lambda index: self._go_to_row(index.row()))
        player.moved.connect(self._move)
        player.playing_changed.connect(view.bar.show_playing)
        player.frame_shown.connect(view.picture.show_frame)
        player.failed.connect(lambda error: view.picture.say(f"{error.message} {error.next_step}"))
        player.nothing_kept.connect(view.picture.say)
        player.looking.connect(lambda: view.picture.say(LOOKING))
        self.stack.canUndoChanged.connect(view.undo_button.setEnabled)
        self.stack.canRedoChanged.connect(view.redo_button.setEnabled)
        self.stack.undoTextChanged.connect(view.name_undo)
        self.stack.redoTextChanged.connect(view.name_redo)
