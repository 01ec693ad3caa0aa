"""Finding one's way through a session: by chapter, by emotion, by word."""

from __future__ import annotations

from collections.abc import Callable

from app.item_models.timeline_model import Lane, LaneRow, TimelineModel
from app.pages.review_layout import ReviewLayout
from app.widgets.find_bar import WHOLE
from emoasst_core.review.chapters import Chapter, chapters
from emoasst_core.store.sessions import SessionRecord

STEP_S = 0.01  # the moment itself is not the next one


class ReviewFinder:
    """Moves player and timeline to what is looked for.

    Args:
        view: the page's widgets.
        model: the session's rows.
        seek: goes to a moment.
        now_s: where the player stands.
    """

    def __init__(
        self, view: ReviewLayout, model: TimelineModel, seek: Callable[[float], None], now_s: Callable[[], float]
    ) -> None:
        self._view, self._model, self._seek, self._now_s = view, model, seek, now_s
        self.chapters: tuple[Chapter, ...] = ()
        self.chapter = WHOLE
        bar = view.find
        bar.chapter_wanted.connect(self.show_chapter)
        bar.emotion_wanted.connect(self.next_of_emotion)
        bar.words_wanted.connect(self.next_words)

    def load(self, record: SessionRecord) -> None:
        """Another session; a long one opens at its first chapter."""
        self.chapters = chapters(record)
        self._view.find.show_chapters(self.chapters)
        self._view.find.found.setText("")
        self._look_at(0 if len(self.chapters) > 1 else WHOLE)

    def show_chapter(self, place: int) -> None:
        """Show one chapter, or `WHOLE`, and go to its start."""
        self._look_at(place)
        self._seek(self.chapters[place].start_s if place != WHOLE else 0.0)

    def step_chapter(self, step: int) -> None:
        """Go so many chapters on or back."""
        if len(self.chapters) > 1:
            self.show_chapter(min(max(self.chapter + step, 0), len(self.chapters) - 1))

    def next_of_emotion(self, step: int = 1) -> None:
        """Go to the next (or, with -1, the one before) moment in which this emotion was shown, read or answered."""
        emotion = self._view.find.emotion
        rows = [row for row in self._model.rows if row.emotion == emotion]
        self._go(rows, step, f"No {self._view.find.emotion_box.currentText().lower()} moment.")

    def next_words(self, step: int = 1) -> None:
        """Go to the next place where these words were said."""
        wanted = self._view.find.words_edit.text().casefold().split()
        said = [row for row in self._model.rows if row.lane is Lane.WORDS]
        texts = [row.text.casefold().strip(".,!?;:") for row in said]
        places = [
            said[place]
            for place in range(len(said) - len(wanted) + 1)
            if wanted and all(part.startswith(word) for word, part in zip(wanted, texts[place:], strict=False))
        ]
        self._go(places, step, "These words were not found." if wanted else "")
        if places:
            self._view.find.found.setText(f"{len(places)} place{'s' if len(places) != 1 else ''}")

    def follow(self, time_s: float) -> None:
        """The player has left the chapter: look at the one it is in."""
        if self.chapter == WHOLE or not self.chapters:
            return
        chapter = self.chapters[self.chapter]
        if not chapter.start_s <= time_s < chapter.end_s:
            place = next((n for n, one in enumerate(self.chapters) if one.start_s <= time_s < one.end_s), len(self.chapters) - 1)
            if place != self.chapter:
                self._look_at(place)

    def _look_at(self, place: int) -> None:
        self.chapter = place
        self._view.find.choose_chapter(place)
        if place != WHOLE:
            self._view.timeline.look_at(self.chapters[place].start_s, self.chapters[place].end_s)
        else:
            self._view.timeline.look_at(0.0, self._model.duration_s)

    def _go(self, rows: list[LaneRow], step: int, otherwise: str) -> None:
        """To the next of these by time, going round at the end."""
        self._view.find.found.setText("" if rows else otherwise)
        if not rows:
            return
        starts = sorted({row.start_s for row in rows})
        now_s = self._now_s()
        if step > 0:
            self._seek(next((start for start in starts if start > now_s + STEP_S), starts[0]))
        else:
            self._seek(next((start for start in reversed(starts) if start < now_s - STEP_S), starts[-1]))
