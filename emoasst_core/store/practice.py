"""Scores of practice rounds, for families that want them kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from emoasst_core.store.columns import moment_from_text, now_text
from emoasst_core.store.database import Database


@dataclass(frozen=True, slots=True)
class PracticeRound:
    """One round: how many guesses were what the family had said."""

    played_at: datetime
    num_alike: int
    num_guessed: int


def keep_round(database: Database, num_alike: int, num_guessed: int) -> None:
    """Keep the score of a round."""
    with database.writing():
        database.execute(
            "INSERT INTO practice_rounds (played_at, num_alike, num_guessed) VALUES (?, ?, ?)",
            (now_text(), num_alike, num_guessed),
        )


def kept_rounds(database: Database) -> tuple[PracticeRound, ...]:
    """The rounds kept, oldest first."""
    rows = database.rows("SELECT * FROM practice_rounds ORDER BY round_id")
    return tuple(PracticeRound(moment_from_text(row["played_at"]), row["num_alike"], row["num_guessed"]) for row in rows)


def drop_rounds(database: Database) -> None:
    """Remove every score: an adult has turned them off."""
    with database.writing():
        database.execute("DELETE FROM practice_rounds")
