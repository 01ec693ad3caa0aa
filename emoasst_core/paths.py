"""Where models, sessions and the database live. Nothing is created when this is imported."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "EMOASST_HOME"  # overrides the place of everything below: tests, portable installs


def home() -> Path:
    """Folder of all that this person's EmoAsst keeps."""
    override = os.environ.get(HOME_VARIABLE)
    return Path(override).expanduser() if override else Path(platformdirs.user_data_dir("EmoAsst", appauthor=False))


def database_path() -> Path:
    """The SQLite file."""
    return home() / "emoasst.sqlite"


def sessions_folder() -> Path:
    """Where recordings and timeline pictures are written unless --out says otherwise."""
    return home() / "sessions"


def models_folder() -> Path:
    """Where downloaded and imported models lie, one folder each."""
    return home() / "models"


def assets_folder() -> Path:
    """The files that ship with the program."""
    packaged = Path(__file__).parent / "assets"  # an installed wheel carries them inside the package
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "assets"


def demo_recording() -> Path:
    """The conversation that comes with the program: an actor that is drawn, nobody's family."""
    return assets_folder() / "demo" / "conversation.webm"


def profile_folder(name: str) -> Path:
    """Folder of a model profile: installed by the user, else bundled."""
    installed = models_folder() / name
    return installed if installed.is_dir() else assets_folder() / "models" / name
