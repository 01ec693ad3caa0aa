"""Guess first, then see: the family's own clips, for the child. No score unless an adult turns it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractButton, QBoxLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.actions import add_actions
from app.player import LOOKING, Player
from app.services import Services
from app.widgets.clip_bar import ClipBar
from app.widgets.form import Tick
from app.widgets.likely_pad import LikelyPad
from app.widgets.notice import Notice
from app.widgets.picture_view import PictureView
from app.widgets.scroll import fill_with_column
from app.widgets.text import Button, card, label
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.practice import PracticeClip, practice_clips
from emoasst_core.store.database import Database
from emoasst_core.store.practice import PracticeRound, drop_rounds, keep_round, kept_rounds

COLUMN_PX, SIDE_PX, LEAST_PICTURE_PX = 1180, 320, 400
SHOWN_ROUNDS = 5
LAST_ONE = "That was the last one"
NONE_YET = "No clips yet. Answer some clips of a session first; then they come here."


def earlier_text(rounds: Sequence[PracticeRound]) -> str:
    """The latest scores kept before this round in words, newest first; nothing if there are none."""
    scores = [f"{one.num_alike} of {one.num_guessed} ({one.played_at.astimezone():%d %b})" for one in rounds[-SHOWN_ROUNDS:]]
    return f"Before: {', '.join(reversed(scores))}." if scores else ""


class PracticePage(QWidget):
    """A round of clips to guess."""

    left = Signal()
    scores_wanted = Signal(bool)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._clips: tuple[PracticeClip, ...] = ()
        self._place = 0
        self._guess = ""
        self._num_alike = 0
        self.player = Player(self)
        self.back_button = Button("Start page", "plain", "back")
        self.question = label("", "title")
        self.picture = PictureView()
        self.bar = ClipBar()
        self.pad = LikelyPad(services.catalogue, with_extras=False)
        self.told = label("", "lead")
        self.next_button = Button("Next clip", "main", "forward")
        self.score_tick = Tick("Keep scores (an adult decides)")
        self.notice = Notice()
        self._lay_out()
        self.actions_by_name = add_actions(self, "practice", self._handlers())
        self._connect()

    def enter(self) -> None:
        """Choose a new round."""
        self._clips, self._place, self._num_alike = (), 0, 0
        self.question.setText("Looking for clips …")
        self.told.setText("")
        self.pad.hide()
        self.next_button.hide()
        self.score_tick.setChecked(self._services.preferences.choices.keeps_practice_scores)
        path = self._services.database_path

        def read() -> tuple[PracticeClip, ...]:
            if not path.exists():
                return ()
            with Database(path) as database:
                return practice_clips(database)

        self._services.background.run(read, self._begin, self._say)

    def leave(self) -> None:
        """Stand still."""
        self.player.pause()

    def close_player(self) -> None:
        """End the player's thread."""
        self.player.close()

    def keep_scores(self, keeps: bool) -> None:
        """An adult has turned scores on or off; off removes those that were kept."""
        self._services.preferences.change(keeps_practice_scores=keeps)
        self.score_tick.setChecked(keeps)
        if not keeps:
            self._in_database(drop_rounds)

    def guess(self, answer: str) -> None:
        """Take the guess, then show what the family said."""
        if self._guess or not self._clips or self._place >= len(self._clips):
            return
        clip, word = self._clips[self._place], self._services.catalogue.word
        self._guess = answer
        self._num_alike += answer == clip.answer
        same = answer == clip.answer
        self.told.setText(
            f"You both say {word(answer)}." if same else f"You say {word(answer)}. Your family said {word(clip.answer)}."
        )
        self.pad.setEnabled(False)
        self.next_button.setText("Next clip" if self._place + 1 < len(self._clips) else "Finish")
        self.next_button.show()
        self.next_button.setFocus()

    def go_on(self) -> None:
        """Show the next clip, or end the round."""
        if not self._guess:
            return
        if self._place + 1 < len(self._clips):
            self._ask(self._place + 1)
            return
        alike, guessed = self._num_alike, len(self._clips)
        self._clips = ()
        self.bar.hide()
        self.pad.hide()
        self.next_button.hide()
        keeps = self._services.preferences.choices.keeps_practice_scores
        self.question.setText(LAST_ONE)
        self.told.setText(f"{alike} of {guessed} alike." if keeps else "Well looked!")
        if keeps:
            self._keep_score(alike, guessed)
        self.back_button.setFocus()

    def _keep_score(self, alike: int, guessed: int) -> None:
        path = self._services.database_path

        def keep() -> tuple[PracticeRound, ...]:
            with Database(path) as database:
                earlier = kept_rounds(database)
                keep_round(database, alike, guessed)
            return earlier

        def show(earlier: tuple[PracticeRound, ...]) -> None:
            if earlier and self.question.text() == LAST_ONE:
                self.told.setText(f"{self.told.text()}\n{earlier_text(earlier)}")

        self._services.background.run(keep, show, self._say)

    def _begin(self, clips: tuple[PracticeClip, ...]) -> None:
        self._clips = clips
        self.bar.setVisible(bool(clips))
        if clips:
            self.pad.show()
            self._ask(0)
            return
        self.question.setText("Practice")
        self.told.setText(NONE_YET)
        self.picture.say("")
        self.back_button.setFocus()

    def _ask(self, place: int) -> None:
        self._place, self._guess = place, ""
        clip = self._clips[place]
        self.question.setText(f"How does {clip.name or 'this person'} feel here?")
        self.told.setText(f"Clip {place + 1} of {len(self._clips)}")
        self.next_button.hide()
        self.pad.setEnabled(True)
        self.pad.offer(clip.choices)
        self.player.open(clip.media, clip.duration_s)
        self.player.play_between(clip.clip.start_s, clip.clip.end_s)
        self.setFocus()

    def _replay(self) -> None:
        if self._place < len(self._clips):
            clip = self._clips[self._place].clip
            self.player.play_between(clip.start_s, clip.end_s)

    def _play_or_press(self) -> None:
        focused = self.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()
        else:
            self.player.toggle()

    def _toggle_speed(self) -> None:
        self.player.set_rate(0.5 if self.player.rate == 1.0 else 1.0)
        self.bar.speed_button.setChecked(self.player.rate != 1.0)

    def _in_database(self, job: Callable[[Database], None]) -> None:
        path = self._services.database_path

        def run() -> None:
            with Database(path) as database:
                job(database)

        self._services.background.run(run, lambda _nothing: None, self._say)

    def _say(self, error: EmoAsstError) -> None:
        self.notice.say(error.message, error.next_step, main="Close this message")

    def _choose(self, emotion: str) -> None:
        if self._clips and emotion in self._clips[self._place].choices:
            self.guess(emotion)

    def _handlers(self) -> dict[str, Callable[[], None]]:
        handlers: dict[str, Callable[[], None]] = {
            "practice_play": self._play_or_press,
            "practice_again": self._replay,
            "practice_slow": self._toggle_speed,
            "practice_next": self.go_on,
        }
        return handlers | {f"guess_{emotion}": lambda emotion=emotion: self._choose(emotion) for emotion in EMOTIONS}

    def _connect(self) -> None:
        self.back_button.clicked.connect(self.left)
        self.next_button.clicked.connect(self.go_on)
        self.pad.answered.connect(self.guess)
        self.notice.main_chosen.connect(self.notice.hide)
        self.score_tick.clicked.connect(self._ask_for_scores)
        self.bar.replay_wanted.connect(self._replay)
        self.bar.play_wanted.connect(self.player.toggle)
        self.bar.back_wanted.connect(lambda: self.player.step(-1))
        self.bar.on_wanted.connect(lambda: self.player.step(1))
        self.bar.speed_wanted.connect(self._toggle_speed)
        self.player.playing_changed.connect(self.bar.show_playing)
        self.player.frame_shown.connect(self.picture.show_frame)
        self.player.failed.connect(lambda error: self.picture.say(f"{error.message} {error.next_step}"))
        self.player.nothing_kept.connect(self.picture.say)
        self.player.looking.connect(lambda: self.picture.say(LOOKING))

    def _ask_for_scores(self, wanted: bool) -> None:
        self.score_tick.setChecked(self._services.preferences.choices.keeps_practice_scores)  # until an adult has said so
        self.scores_wanted.emit(wanted)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.back_button)
        top.addStretch(1)
        top.addWidget(self.score_tick)
        left = QVBoxLayout()
        left.setSpacing(10)
        self.picture.setMinimumHeight(360)
        left.addWidget(self.picture, 1)
        left.addWidget(self.bar)
        frame = card("stage")
        frame.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        side = QVBoxLayout(frame)
        side.setContentsMargins(18, 14, 18, 14)
        side.setSpacing(12)
        side.addStrut(SIDE_PX)
        for part in (self.pad, self.told, self.next_button):
            side.addWidget(part)
        side.addStretch(1)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.setSpacing(20)
        self._middle.addLayout(left, 1)
        self._middle.addWidget(frame)
        content = QVBoxLayout()
        content.setSpacing(12)
        content.addLayout(top)
        content.addWidget(self.notice)
        content.addWidget(self.question)
        content.addLayout(self._middle, 1)
        fill_with_column(self, content, COLUMN_PX, top_px=16)
