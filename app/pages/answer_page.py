"""A few clips of a session, one at a time: one key is one answer, and every answer can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.actions import ANSWER_KEYS, TOLD_BY_KEYS, add_actions
from app.answer_check import AnswerCheck
from app.answer_ending import AnswerEnding, invitation
from app.clip_commands import ClipCommand
from app.pages.answer_layout import AnswerLayout, ask_about
from app.player import LOOKING, Player
from app.services import Services
from app.widgets.likely_pad import WORDS
from app.widgets.session_list import session_name
from emoasst_core.datatypes import Cue
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.clip_answers import ClipQuestion, keep_answer, minutes_for, questions
from emoasst_core.review.clip_collection import collect_clips
from emoasst_core.review.doubtful_clips import keep_second_look
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.playback_source import Source
from emoasst_core.store.clips import ClipAnswer
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import SessionRecord

PARENT, SECOND_ADULT = "parent", "second adult"


@dataclass(frozen=True, slots=True)
class _Opened:
    record: SessionRecord
    asked: tuple[ClipQuestion, ...]
    adults: dict[str, str]
    labeller: str
    media: Source | None


class AnswerPage(QWidget):
    """The clips of one session that wait for an answer."""

    left = Signal()
    session_wanted = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._session_id = ""
        self._record: SessionRecord | None = None
        self._questions: tuple[ClipQuestion, ...] = ()
        self._given: dict[int, ClipAnswer | None] = {}
        self._place = 0
        self._sitting = ""
        self.stack = QUndoStack(self)
        self.player = Player(self)
        self.view = AnswerLayout(self, services.catalogue)
        self.checking = AnswerCheck(services, self.view, self.player, self._ask_again, self._say)
        self.ending = AnswerEnding(services, self.view, self._say, self.checking.start)
        self.actions_by_name = add_actions(self, "answer", self._handlers())
        self._connect()

    def open(self, session_id: str, labeller: str = PARENT) -> None:
        """Ask about a session; the clips are picked now where that has not been done."""
        self._session_id = session_id
        self.stack.clear()
        self._questions, self._given, self._place, self._record = (), {}, 0, None
        self.checking.end()
        self.view.notice.hide()
        self.view.title.say("Opening …")
        self.view.begin_button.hide()
        self.view.show(self.view.intro)
        path = self._services.database_path

        def read() -> _Opened:
            with Database(path, create=False) as database:
                collect_clips(database, session_id)
                adults = {person.person_id: person.name for person in People(database).all() if person.role == "adult"}
                record, asked = questions(database, session_id, labeller)
                return _Opened(record, asked, adults, labeller, media_of(database, record))

        self._services.background.run(read, self._show, self._say)

    def leave(self) -> None:
        """Stand still; what was answered is kept already."""
        self.player.pause()

    def close_player(self) -> None:
        """End the player's thread."""
        self.player.close()

    @property
    def question(self) -> ClipQuestion | None:
        """The clip that is asked about."""
        return self._questions[self._place] if self._place < len(self._questions) else None

    def begin(self) -> None:
        """Ask about the first clip."""
        if self._questions:
            self._sitting = f"answers {self._session_id} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
            self._ask(0)

    def finish(self) -> None:
        """Stop asking; say what changed."""
        self.player.pause()
        if self.view.panels.currentWidget() is self.view.intro:
            self.left.emit()
            return
        self.view.show(self.view.ending)
        self.view.done_button.setFocus()
        self.ending.show(self._record, sum(answer is not None for answer in self._given.values()), len(self._questions))

    def answer(self, answer: str) -> None:
        """Answer for the clip that is asked about."""
        question = self.question
        if question is None or self.view.panels.currentWidget() is not self.view.asking:
            return
        told_by = next((by for by, button in self.view.told_buttons.items() if button.isChecked()), "")
        labeller = self.checking.labeller_of(question) or self.labeller
        said = ClipAnswer(question.clip.clip_id, labeller, answer, not self.view.unsure_button.isChecked(), told_by)
        word = WORDS.get(answer) or self._services.catalogue.word(answer)
        text = f"“{word.lower()}” for clip {self._place + 1}"
        before = self._given.get(question.clip.clip_id) or self.checking.said_before(question)
        self.stack.push(ClipCommand(text, question, before, said, self._keep))

    @property
    def labeller(self) -> str:
        """Who answers."""
        return str(self.view.adult_box.currentData() or PARENT)

    def _keep(self, question: ClipQuestion, said: ClipAnswer | None) -> None:
        is_undone = said is self.checking.said_before(question)
        self._given[question.clip.clip_id] = None if is_undone else said
        path, sitting = self._services.database_path, self._sitting
        labeller, doubtful = self.checking.labeller_of(question) or self.labeller, self.checking.clip(question)

        def keep() -> None:
            with Database(path) as database:
                if doubtful is not None and said is not None:
                    keep_second_look(database, doubtful, said, sitting)
                else:
                    keep_answer(database, question.clip, labeller, said, sitting)

        self._services.background.run(keep, lambda _nothing: None, self._could_not_keep)
        self.view.last.setText(self._reveal(question, None if is_undone else said))
        place = self._questions.index(question)
        if is_undone:
            self._ask(place)
        elif place + 1 < len(self._questions):
            self._ask(place + 1)
        else:
            self.finish()

    def _reveal(self, question: ClipQuestion, said: ClipAnswer | None) -> str:
        """What was said, and only now what the program had guessed."""
        if said is None:
            return "Taken back."
        word = (WORDS.get(said.answer) or self._services.catalogue.word(said.answer)).lower()
        row = question.utterance
        guess = self._services.catalogue.text(Cue(row.start_s, row.state, row.emotion))
        share = f", {max(row.probs.values()):.0%} sure" if row.emotion and row.probs else ""
        return f"Your last answer: “{word}”. The program had guessed: {guess}{share}."

    def _could_not_keep(self, error: EmoAsstError) -> None:
        self.open(self._session_id, self.labeller)  # what is kept is what counts
        self._say(error)

    def _say(self, error: EmoAsstError) -> None:
        self.view.notice.say(error.message, error.next_step, main="Close this message")

    def _show(self, opened: _Opened) -> None:
        record, asked = opened.record, opened.asked
        self._record, self._questions = record, asked
        self.view.title.say(f"{session_name(record.recording)}, {record.started_at.astimezone():%d %b %Y, %H:%M}")
        self._offer_adults(opened.adults, opened.labeller)
        count, minutes = len(asked), minutes_for(len(asked))
        self.view.count.setText(
            f"{count} short clip{'s' if count != 1 else ''}, about {minutes} min" if count else "No clip waits"
        )
        self.view.promise.setText(invitation(count, opened.media is not None, bool(record.marks_s)))
        self.view.begin_button.setVisible(count > 0)
        (self.view.begin_button if count else self.view.timeline_button).setFocus()
        if opened.media is None:
            self.view.picture.say("No picture was kept of this session.")
        self.player.open(opened.media, record.duration_s)
        self.player.pause()

    def _ask_again(self) -> None:
        """Ask about the clips to check, whatever sessions they are of."""
        self.stack.clear()
        self._given = {}
        self._questions, self._record = self.checking.questions, self.checking.record
        self.view.title.say("Clips that disagree with the others")
        self.begin()

    def _offer_adults(self, adults: dict[str, str], labeller: str) -> None:
        box = self.view.adult_box
        box.blockSignals(True)
        box.clear()
        for who, name in {PARENT: "A parent", SECOND_ADULT: "A second adult", **adults}.items():
            box.addItem(name, who)
        box.setCurrentIndex(max(0, box.findData(labeller)))
        box.blockSignals(False)

    def _ask(self, place: int) -> None:
        self._place = place
        question = self._questions[place]
        self.view.show(self.view.asking)
        self.view.progress.setText(f"Clip {place + 1} of {len(self._questions)}")
        self.view.heading.setText(ask_about(self._services.people.names.get(question.utterance.person, "")))
        self.view.pad.offer(question.likeliest)
        earlier = self._given.get(question.clip.clip_id)
        self.view.unsure_button.setChecked(earlier is not None and not earlier.is_sure)
        for by, button in self.view.told_buttons.items():
            button.setChecked(earlier is not None and earlier.told_by == by)
        before, after = (" ".join(row.text for row in rows) for rows in (question.before, question.after))
        self.view.say_words(before, question.utterance.text, after)
        self.checking.show(question)
        self.setFocus()
        self.player.play_between(question.clip.start_s, question.clip.end_s)

    def _replay(self) -> None:
        if (question := self.question) is not None:
            self.player.play_between(question.clip.start_s, question.clip.end_s)

    def _play_or_press(self) -> None:
        """Space plays, unless a button has the keyboard: then it presses that."""
        focused = self.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        else:
            self.player.toggle()

    def _toggle_speed(self) -> None:
        self.player.set_rate(0.5 if self.player.rate == 1.0 else 1.0)
        self.view.bar.speed_button.setChecked(self.player.rate != 1.0)

    def _tell(self, by: str, told: bool | None = None) -> None:
        for name, button in self.view.told_buttons.items():
            button.setChecked(name == by and (not button.isChecked() if told is None else told))

    def _handlers(self) -> dict[str, Callable[[], None]]:
        player, view = self.player, self.view
        handlers: dict[str, Callable[[], None]] = {
            "clip_stop": self.finish,
            "clip_play": self._play_or_press,
            "clip_replay": self._replay,
            "clip_slow": self._toggle_speed,
            "clip_frame_back": lambda: player.step(-1),
            "clip_frame_on": lambda: player.step(1),
            "clip_undo": self.stack.undo,
            "clip_redo": self.stack.redo,
            "clip_unsure": view.unsure_button.toggle,
        }
        handlers |= {f"told_{by}": partial(self._tell, by) for by in TOLD_BY_KEYS}
        return handlers | {f"clip_answer_{answer}": lambda answer=answer: view.pad.choose(answer) for answer in ANSWER_KEYS}

    def _connect(self) -> None:
        view, player = self.view, self.player
        view.back_button.clicked.connect(self.left)
        view.done_button.clicked.connect(self.left)
        for button in (view.timeline_button, view.done_timeline_button):
            button.clicked.connect(lambda: self.session_wanted.emit(self._session_id))
        view.begin_button.clicked.connect(self.begin)
        view.stop_button.clicked.connect(self.finish)
        view.undo_button.clicked.connect(self.stack.undo)
        view.redo_button.clicked.connect(self.stack.redo)
        view.pad.answered.connect(self.answer)
        view.notice.main_chosen.connect(view.notice.hide)
        view.adult_box.currentIndexChanged.connect(lambda _index: self.open(self._session_id, self.labeller))
        for by, button in view.told_buttons.items():
            button.clicked.connect(lambda checked, by=by: self._tell(by, checked))
        view.bar.replay_wanted.connect(self._replay)
        view.bar.play_wanted.connect(player.toggle)
        view.bar.back_wanted.connect(lambda: player.step(-1))
        view.bar.on_wanted.connect(lambda: player.step(1))
        view.bar.speed_wanted.connect(self._toggle_speed)
        player.playing_changed.connect(view.bar.show_playing)
        player.frame_shown.connect(view.picture.show_frame)
        player.failed.connect(lambda error: view.picture.say(f"{error.message} {error.next_step}"))
        player.nothing_kept.connect(view.picture.say)
        player.looking.connect(lambda: view.picture.say(LOOKING))
        self.stack.canUndoChanged.connect(view.undo_button.setEnabled)
        self.stack.canRedoChanged.connect(view.redo_button.setEnabled)
        self.stack.undoTextChanged.connect(view.name_undo)
        self.stack.redoTextChanged.connect(view.name_redo)
