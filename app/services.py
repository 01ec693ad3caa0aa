"""What every page may ask for: sessions to run, jobs to do elsewhere, choices, and the words of the cues."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.background import Background
from app.bridge import Bridge
from app.people_book import PeopleBook
from app.preferences import Preferences
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.session.runner import SessionRunner


@dataclass(frozen=True, slots=True)
class Services:
    """Made once by the application and handed to the pages.

    Attributes:
        database_path, sessions_folder: where sessions are kept.
        profile: name or folder of the models.
    """

    runner: SessionRunner
    bridge: Bridge
    background: Background
    preferences: Preferences
    catalogue: Catalogue
    database_path: Path
    sessions_folder: Path
    people: PeopleBook
    profile: str = "starter"
