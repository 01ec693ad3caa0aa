"""Looking again at answers that the other clips speak against: which they are, what was said, and what the others say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.player import Player
from app.services import Services
from app.widgets.likely_pad import WORDS
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.clip_answers import ClipQuestion
from emoasst_core.review.doubtful_clips import DoubtfulClip, doubtful_clips
from emoasst_core.session.kept_media import media_of
from emoasst_core.session.playback_source import Source
from emoasst_core.store.clips import ClipAnswer
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord

if TYPE_CHECKING:
    from app.pages.answer_layout import AnswerLayout


@dataclass(frozen=True, slots=True)
class _Found:
    clips: tuple[DoubtfulClip, ...]
    media: Mapping[str, Source | None]


class AnswerCheck:
    """The part of the answer page that knows of them; empty while other clips are asked about.

    Args:
        services: where the database is.
        view: the page's widgets.
        player: takes the recording of each clip: they may be of several sessions.
        ask: begins to ask, once the clips are known.
        say: shows what went wrong.
    """

    def __init__(
        self,
        services: Services,
        view: AnswerLayout,
        player: Player,
        ask: Callable[[], None],
        say: Callable[[EmoAsstError], None],
    ) -> None:
        self._services, self._view, self._player, self._ask, self._say = services, view, player, ask, say
        self._found = _Found((), {})
        self._playing = ""  # the session whose recording the player has

    @property
    def questions(self) -> tuple[ClipQuestion, ...]:
        """What to ask."""
        return tuple(clip.question for clip in self._found.clips)

    @property
    def record(self) -> SessionRecord | None:
        """A session of theirs: it names the model that finds out what changed."""
        return self._found.clips[0].record if self._found.clips else None

    def start(self, others: Mapping[int, str]) -> None:
        """Ask again about some answers and about nothing else.

        Args:
            others: {shot: the emotion that the other clips speak for}.
        """
        path = self._services.database_path

        def read() -> _Found:
            with Database(path) as database:
                clips = doubtful_clips(database, others)
                records = {clip.record.session_id: clip.record for clip in clips}
                return _Found(clips, {name: media_of(database, record) for name, record in records.items()})

        self._services.background.run(read, self._take, self._say)

    def end(self) -> None:
        """Other clips are asked about now."""
        self._found, self._playing = _Found((), {}), ""

    def clip(self, question: ClipQuestion) -> DoubtfulClip | None:
        """What is asked about again; None where a clip is asked about for the first time."""
        clips = (clip for clip in self._found.clips if clip.question.clip.clip_id == question.clip.clip_id)
        return next(clips, None)

    def said_before(self, question: ClipQuestion) -> ClipAnswer | None:
        """The answer that is checked; undo goes back to it."""
        clip = self.clip(question)
        return clip.said if clip is not None else None

    def labeller_of(self, question: ClipQuestion) -> str:
        """Who gave it, and who answers now; "" where nothing is checked."""
        clip = self.clip(question)
        return clip.said.labeller if clip is not None else ""

    def show(self, question: ClipQuestion) -> None:
        """Say what was answered and what the others speak for, and give the player the recording."""
        clip = self.clip(question)
        self._view.doubt.setVisible(clip is not None)
        if clip is None:
            return
        said, others = self._word(clip.said.answer), self._word(clip.others)
        others = f"The other clips speak for “{others}”. " if others else ""
        self._view.doubt.setText(f"You said “{said}”. {others}Look again: choose “{said}” to keep it, or another answer.")
        session_id = clip.record.session_id
        if session_id != self._playing:
            self._playing, media = session_id, self._found.media[session_id]
            if media is None:
                self._view.picture.say("No picture was kept of this session.")
            self._player.open(media, clip.record.duration_s)

    def _take(self, found: _Found) -> None:
        if not found.clips:
            self._say(EmoAsstError("These clips are not kept any more.", "Nothing needs to be done."))
            return
        self._found, self._playing = found, ""
        self._ask()

    def _word(self, answer: str) -> str:
        return (WORDS.get(answer) or self._services.catalogue.word(answer)).lower() if answer else ""
