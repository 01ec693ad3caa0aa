"""What is said after the clips: what changed, and the states of the cache that can be brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.services import Services
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.clip_answers import take_last_change_back
from emoasst_core.store.database import Database
from emoasst_core.store.shots import CacheVersion, current_version, earlier_versions

if TYPE_CHECKING:
    from app.pages.answer_layout import AnswerLayout

NUM_LISTED = 5


class AnswerEnding:
    """The last panel of the answer page.

    Args:
        services: where the database is.
        view: the page's widgets.
        say: shows what went wrong.
    """

    def __init__(self, services: Services, view: AnswerLayout, say: Callable[[EmoAsstError], None]) -> None:
        self._services, self._view, self._say = services, view, say

    def note_version(self) -> None:
        """The answers begin here."""

    def show(self, num_answered: int, num_asked: int) -> None:
        """Say how many were answered, and read what changed."""
        self._view.thanks.setText(f"{num_answered} of {num_asked} answered" if num_answered else "Nothing was answered")
        self._view.changed.setText("Looking at what changed …")
        path = self._services.database_path

        def read() -> tuple[CacheVersion, list[CacheVersion]]:
            with Database(path, create=False) as database:
                return current_version(database), earlier_versions(database)

        self._services.background.run(read, lambda found: self._list(*found), self._say)

    def go_back(self) -> None:
        """Bring back the state before the last change."""
        path = self._services.database_path

        def undo() -> tuple[CacheVersion, list[CacheVersion]]:
            with Database(path, create=False) as database:
                take_last_change_back(database)
                return current_version(database), earlier_versions(database)

        self._services.background.run(undo, lambda found: self._list(*found), self._say)

    def _list(self, current: CacheVersion, earlier: list[CacheVersion]) -> None:
        shots = f"{current.num_shots} answer{'s' if current.num_shots != 1 else ''}"
        self._view.changed.setText(f"The next session uses {shots} of your family.")
        while (item := self._view.versions.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if not earlier:
            return
        self._view.versions.addWidget(label("The last changes, newest first", "heading"))
        for version in [current, *earlier][:NUM_LISTED]:
            self._view.versions.addWidget(label(f"{version.created_at.astimezone():%H:%M}  {version.change}", "soft"))
        button = Button("Take the last change back", "quiet", "undo")
        button.clicked.connect(self.go_back)
        self._view.versions.addWidget(button)
