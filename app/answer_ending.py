"""What is said before and after the clips: what waits, what changed, and the states of the cache that can be brought back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from app.services import Services
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.clip_answers import take_last_change_back
from emoasst_core.review.round_check import RoundReport, report_round
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.shots import release

if TYPE_CHECKING:
    from app.pages.answer_layout import AnswerLayout

NUM_LISTED = 5
CHANGES = {
    "answers for ": "Answers to clips",
    "empty cache": "No answers yet",
    "removed shot": "An answer taken back",
}


PROMISE = "Say how the person seems to feel. One key is one answer. You can undo, and stop at any time; your answers are kept."
ALL_ANSWERED = "Everything that was unclear in this session has been answered, or nothing was unclear."
NOT_KEPT = "No picture or sound of this session is kept, so there is nothing to look at again."
NOT_KEPT_MARKED = (
    "Somebody pressed “?” in this session, but no picture or sound of it is kept. Next time, tick “Keep clips” for the "
    "people who agree, and take a picture of each, so that they are known."
)


def invitation(count: int, is_kept: bool, is_marked: bool) -> str:
    """What is said before the clips of a session.

    Args:
        count: clips that wait.
        is_kept: there is a picture or sound of the session.
        is_marked: somebody pressed "?" in it.
    """
    if count:
        return PROMISE
    if is_kept:
        return ALL_ANSWERED
    return NOT_KEPT_MARKED if is_marked else NOT_KEPT


class AnswerEnding:
    """The last panel of the answer page.

    Args:
        services: where the database is.
        view: the page's widgets.
        say: shows what went wrong.
        check: asks again about the clips of some shots, see `RoundReport.doubtful`.
    """

    def __init__(
        self,
        services: Services,
        view: AnswerLayout,
        say: Callable[[EmoAsstError], None],
        check: Callable[[Mapping[int, str]], None],
    ) -> None:
        self._services, self._view, self._say, self._check = services, view, say, check

    def show(self, record: SessionRecord | None, num_answered: int, num_asked: int) -> None:
        """Say how many were answered, and find out what changed."""
        self._view.thanks.setText(f"{num_answered} of {num_asked} answered" if num_answered else "Nothing was answered")
        self._view.changed.setText("Looking at what changed …")
        answered = record if num_answered else None
        self._read(lambda database: report_round(database, answered))

    def go_back(self) -> None:
        """Bring back the state before the last change."""

        def undo(database: Database) -> RoundReport:
            take_last_change_back(database)
            return replace(report_round(database, None), sentences=("Taken back.",))

        self._read(undo)

    def use_anyway(self, held_back: tuple[int, ...]) -> None:
        """Let answers count that were held back."""

        def use(database: Database) -> RoundReport:
            release(database, held_back)
            return replace(report_round(database, None), sentences=("The answers that waited are used now.",))

        self._read(use)

    def _read(self, job: Callable[[Database], RoundReport]) -> None:
        path = self._services.database_path

        def read() -> RoundReport:
            with Database(path, create=False) as database:
                return job(database)

        self._services.background.run(read, self._list, self._say)

    def _list(self, report: RoundReport) -> None:
        earlier = report.versions[1:]
        self._view.changed.setText("\n".join((*report.sentences, _uses(report.num_used))))
        self._clear()
        if report.held_back:
            self._add_button("Use them anyway", lambda: self.use_anyway(report.held_back))
        if report.doubtful:
            self._add_button("Check these clips", lambda: self._check(report.doubtful))
        if not earlier:
            return
        self._view.versions.addWidget(label("The last changes, newest first", "heading"))
        for version in report.versions[:NUM_LISTED]:
            self._view.versions.addWidget(
                label(f"{version.created_at.astimezone():%d %b, %H:%M}  {change_words(version.change)}", "soft")
            )
        self._add_button("Take the last change back", self.go_back)

    def _add_button(self, text: str, then: Callable[[], None]) -> None:
        button = Button(text)
        button.clicked.connect(then)
        self._view.versions.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _clear(self) -> None:
        while (item := self._view.versions.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()


def _uses(num_shots: int) -> str:
    return f"The next session uses {num_shots} answer{'s' if num_shots != 1 else ''} of your family."


def change_words(change: str) -> str:
    """What made a state of the cache, for people; the file's own words name sessions by number.

    >>> change_words("answers for 20250131-174502-3fa9"), change_words("empty cache"), change_words("joy for utterance 2 of x")
    ('Answers to clips', 'No answers yet', 'An answer on the timeline')
    """
    for start, words in CHANGES.items():
        if change.startswith(start):
            return words
    return "An answer on the timeline" if " for utterance " in change else change[:1].upper() + change[1:]
