"""Answers given in the review: each a named command that can be undone, in the list of edits and in the cache alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QUndoCommand

from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.relabel import answer_without_emotion, relabel
from emoasst_core.store.clips import CANT_TELL
from emoasst_core.store.database import Database


def give_answer(database_path: Path, session_id: str, number: int, answer: str | None) -> None:
    """Keep an answer: an emotion becomes a shot in the cache; `CANT_TELL` and None take an earlier shot out of it.

    Raises:
        EmoAsstError: the database cannot be written, or the utterance has nothing to learn from.
    """
    with Database(database_path) as database, database.writing():
        if answer in EMOTIONS:
            relabel(database, session_id, number, str(answer))
            return
        answer_without_emotion(database, session_id, number, answer)


class AnswerCommand(QUndoCommand):
    """One answer to one utterance.

    Args:
        text: what undo and redo call it.
        number: the utterance.
        before, after: the answers; None for none, `CANT_TELL` for "can't tell".
        keep: told number and answer each time one is to be kept.
    """

    def __init__(
        self, text: str, number: int, before: str | None, after: str | None, keep: Callable[[int, str | None], None]
    ) -> None:
        super().__init__(text)
        self._number, self._before, self._after, self._keep = number, before, after, keep

    def redo(self) -> None:
        """Give the answer."""
        self._keep(self._number, self._after)

    def undo(self) -> None:
        """Give the one before."""
        self._keep(self._number, self._before)


def answer_text(answer: str | None, word: str, at: str) -> str:
    """The name of a command: what was answered, and where."""
    return f"“{'can’t tell' if answer == CANT_TELL else word}” at {at}"
