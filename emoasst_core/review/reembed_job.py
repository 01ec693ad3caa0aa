"""Reading the family's answers again when the model has changed: what the window asks first, and the job it starts for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoasst_core.errors import EmoAsstError
from emoasst_core.profile import resolve_profile
from emoasst_core.review.reembed import reembed, unfinished_shots, waiting_shots
from emoasst_core.store.database import Database
from emoasst_core.systems.opening import hash_of_profile

JOB: Final = "emoasst_core.review.reembed_job:run_job"


@dataclass(frozen=True, slots=True)
class ReembedReport:
    """How many answers count for the present model now that did not before, and how many cannot be read again."""

    num_made: int
    num_left: int

    @property
    def sentence(self) -> str:
        """For people."""
        made = f"{_answers(self.num_made)} now count{'s' if self.num_made == 1 else ''} with the new model."
        if not self.num_left:
            return made
        it = "its" if self.num_left == 1 else "their"
        return f"{made} {_answers(self.num_left)} cannot be used with it: {it} picture and sound were not kept, or are gone."


def num_waiting(database_path: Path, profile: str) -> int:
    """How many answers the present model has not read yet; loads no model.

    Answers that could not be read the last time are not counted.
    """
    if not database_path.exists():
        return 0
    try:
        encoder_hash = hash_of_profile(resolve_profile(profile))
    except EmoAsstError:
        return 0  # the model process says what is wrong with the model
    with Database(database_path) as database:
        return len(waiting_shots(database, encoder_hash)) or len(unfinished_shots(database, encoder_hash))


def run_job(tell: Callable[[int, int], None], database_path: Path, profile: str) -> ReembedReport:
    """Read all of them again, in a process that may load models.

    Raises:
        EmoAsstError: the model or the database cannot be opened.
    """
    from emoasst_core.config import AnalysisOptions
    from emoasst_core.session.pipeline_factory import find_detector, load_recogniser

    recogniser, detector = load_recogniser(profile), find_detector(AnalysisOptions())
    with Database(database_path) as database:
        num_before = len(unfinished_shots(database, recogniser.encoder_hash))  # of a time that was broken off
        found = reembed(database, recogniser, detector, tell, with_given_up=False)
    return ReembedReport(num_before + len(found.shot_ids), len(found.left))


def _answers(count: int) -> str:
    return f"{count} of your answers" if count != 1 else "One of your answers"
