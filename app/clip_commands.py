"""Answers to clips as commands: undoing one also undoes what the cache learned from it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from emoasst_core.review.clip_answers import ClipQuestion
from emoasst_core.store.clips import ClipAnswer


class ClipCommand(QUndoCommand):
    """One adult's answer to one clip.

    Args:
        text: what undo and redo call it.
        question: the clip.
        before, after: the answers; None for none.
        keep: told question and answer each time one is to be kept.
    """

    def __init__(
        self,
        text: str,
        question: ClipQuestion,
        before: ClipAnswer | None,
        after: ClipAnswer | None,
        keep: Callable[[ClipQuestion, ClipAnswer | None], None],
    ) -> None:
        super().__init__(text)
        self._question, self._before, self._after, self._keep = question, before, after, keep

    def redo(self) -> None:
        """Give the answer."""
        self._keep(self._question, self._after)

    def undo(self) -> None:
        """Give the one before, or none."""
        self._keep(self._question, self._before)
