"""The clips that a parent is asked about, with the answers of one or more adults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emoasst_core.errors import StoreError
from emoasst_core.store.columns import Row, moment_from_text, now_text
from emoasst_core.store.database import Database

CANT_TELL: Final[str] = "cant_tell"  # a true answer that teaches nothing
SOMETHING_ELSE: Final[str] = "something_else"  # none of the seven: it teaches nothing either
TOLD_BY: Final[tuple[str, ...]] = ("face", "voice", "words", "situation")


@dataclass(frozen=True, slots=True)
class Clip:
    """A few seconds to ask about. `reason` says why; `is_shown` whether it is among those asked first; `clip_id` 0 is new."""

    session_id: str
    utterance_number: int
    start_s: float
    end_s: float
    person: str
    reason: str
    is_shown: bool = True
    clip_id: int = 0


@dataclass(frozen=True, slots=True)
class ClipAnswer:
    """What one adult said about one clip.

    Attributes:
        answer: an emotion, `CANT_TELL` or `SOMETHING_ELSE`.
        told_by: one of `TOLD_BY`, or "".
    """

    clip_id: int
    labeller: str
    answer: str
    is_sure: bool = True
    told_by: str = ""


class Clips:
    """The clips of a database.

    Args:
        database: of the calling thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, clips: Iterable[Clip]) -> tuple[Clip, ...]:
        """Keep new clips of one session; an utterance that is asked about already is left out.

        Returns:
            The clips of the session, in time order.

        Raises:
            StoreError: a clip has no length, or its session is not there.
        """
        wanted = tuple(clips)
        with self._database.writing():
            for clip in wanted:
                self._database.execute(
                    """INSERT OR IGNORE INTO clips
                           (session_key, utterance_number, start_s, end_s, person, reason, is_shown, created_at)
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                    (self._key(clip.session_id), clip.utterance_number, float(clip.start_s), float(clip.end_s), clip.person,
                     clip.reason, int(clip.is_shown), now_text()),
                )  # fmt: skip
        return self.all(wanted[0].session_id) if wanted else ()

    def all(self, session_id: str) -> tuple[Clip, ...]:
        """Every clip of a session, in time order."""
        return self._select("WHERE session_id = ?", (session_id,))

    def pending(self, session_id: str, labeller: str = "") -> tuple[Clip, ...]:
        """The clips asked first that nobody (or, with a name, that adult) has answered, in time order."""
        return self._select(
            """WHERE session_id = ? AND is_shown = 1 AND NOT EXISTS (
                   SELECT 1 FROM clip_answers WHERE clip_answers.clip_id = clips.clip_id AND (? = '' OR labeller = ?))""",
            (session_id, labeller, labeller),
        )

    def num_pending(self) -> dict[str, int]:
        """{session id: clips that wait for an answer}, for lists of sessions."""
        rows = self._database.rows(
            """SELECT session_id, count(*) AS waiting FROM clips JOIN sessions USING (session_key)
               WHERE is_shown = 1 AND clip_id NOT IN (SELECT clip_id FROM clip_answers) GROUP BY session_id"""
        )
        return {row["session_id"]: row["waiting"] for row in rows}

    def answered(self) -> tuple[Clip, ...]:
        """Every clip of every session that somebody has answered, oldest first."""
        return self._select("WHERE clip_id IN (SELECT clip_id FROM clip_answers)", ())

    def answer(self, answer: ClipAnswer) -> None:
        """Keep an adult's answer; it replaces the same adult's earlier one.

        Raises:
            StoreError: there is no such clip, or nobody is named.
        """
        with self._database.writing():
            if not self._database.rows("SELECT 1 FROM clips WHERE clip_id = ?", (answer.clip_id,)):
                raise StoreError("This clip is not kept any more.", "Its session or its person was deleted.")
            self._database.execute(
                """INSERT OR REPLACE INTO clip_answers (clip_id, labeller, answer, is_sure, told_by, answered_at)
                   VALUES (?, ?, ?, ?, ?, ?)""",
                (answer.clip_id, answer.labeller, answer.answer, int(answer.is_sure), answer.told_by, now_text()),
            )

    def take_back(self, clip_id: int, labeller: str) -> None:
        """Remove one adult's answer; nothing happens where there is none."""
        with self._database.writing():
            self._database.execute("DELETE FROM clip_answers WHERE clip_id = ? AND labeller = ?", (clip_id, labeller))

    def answers(self, clip_ids: Sequence[int]) -> dict[int, tuple[ClipAnswer, ...]]:
        """{clip: what each adult said, first answer first}; a clip without an answer is left out."""
        marks = ", ".join("?" * len(clip_ids))
        rows = self._database.rows(
            f"SELECT * FROM clip_answers WHERE clip_id IN ({marks}) ORDER BY answered_at, labeller", list(clip_ids)
        )
        found: dict[int, tuple[ClipAnswer, ...]] = {}
        for row in rows:
            said = ClipAnswer(row["clip_id"], row["labeller"], row["answer"], bool(row["is_sure"]), row["told_by"])
            found[said.clip_id] = (*found.get(said.clip_id, ()), said)
        return found

    def forget(self, person: str) -> int:
        """Remove every clip of a person, answered or not; how many there were."""
        with self._database.writing():
            (row,) = self._database.rows("SELECT count(*) AS num FROM clips WHERE person = ?", (person,))
            self._database.execute("DELETE FROM clips WHERE person = ?", (person,))
        return int(row["num"])

    def created_at(self, clip_id: int) -> datetime | None:
        """When a clip was picked; None where it is gone."""
        rows = self._database.rows("SELECT created_at FROM clips WHERE clip_id = ?", (clip_id,))
        return moment_from_text(rows[0]["created_at"]) if rows else None

    def _key(self, session_id: str) -> int:
        rows = self._database.rows("SELECT session_key FROM sessions WHERE session_id = ?", (session_id,))
        if not rows:
            raise StoreError(f"There is no session {session_id}.", "It may have been deleted.")
        return int(rows[0]["session_key"])

    def _select(self, which: str, parameters: Sequence[object]) -> tuple[Clip, ...]:
        rows = self._database.rows(
            f"""SELECT clips.*, session_id FROM clips JOIN sessions USING (session_key) {which}
                ORDER BY session_key, start_s, clip_id""",
            list(parameters),
        )
        return tuple(_clip(row) for row in rows)


def _clip(row: Row) -> Clip:
    return Clip(
        row["session_id"], row["utterance_number"], row["start_s"], row["end_s"], row["person"], row["reason"],
        bool(row["is_shown"]), row["clip_id"],
    )  # fmt: skip
