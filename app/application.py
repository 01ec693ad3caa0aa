"""Puts the window together and takes it apart again."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app.background import Background
from app.bridge import Bridge
from app.diagnostics import LogTail
from app.main_window import MainWindow
from app.people_book import PeopleBook
from app.preferences import Preferences
from app.services import Services
from emoasst_core import paths
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.clip_collection import clip_spans
from emoasst_core.session.message import DEFAULT_FACTORY
from emoasst_core.session.recorder import recording_sinks
from emoasst_core.session.runner import SessionRunner
from emoasst_core.store.erasure import forget_everything, is_erasure_noted

DELETED = "Everything was deleted."


def main(arguments: Sequence[str] | None = None, factory: str = DEFAULT_FACTORY) -> int:
    """Open the window and stay until it is closed.

    Args:
        arguments: the command line, without the program's name.
        factory: what the model process opens its pipeline with.

    Returns:
        The exit code.
    """
    parsed = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    application = QApplication.instance() or QApplication(["emoasst"])
    assert isinstance(application, QApplication)
    application.setApplicationName("EmoAsst")
    application.setStyle("Fusion")  # the one style that follows a style sheet alike on every system
    application.setWindowIcon(QIcon(str(paths.assets_folder() / "icons" / "app.svg")))
    home, recording = paths.home(), parsed.recording
    erases = is_erasure_noted(home)  # the computer stopped in between
    while True:
        outcome = _erase(home) if erases else None
        exit_code, erases = _show_window(application, parsed.profile, factory, recording, outcome)
        if not erases:
            return exit_code
        recording = None  # nothing is open in the window that begins again


def _show_window(
    application: QApplication, profile: str, factory: str, recording: Path | None, outcome: str | EmoAsstError | None
) -> tuple[int, bool]:
    """Open the window until it is closed; the exit code, and whether everything is to be deleted now."""
    log = LogTail()
    logging.getLogger().addHandler(log)
    services = open_services(profile, factory)
    window = MainWindow(services, log, recording)
    if outcome is not None:
        window.start_flow.tell_outcome(outcome)
    try:
        window.show()
        return application.exec(), window.dialogs.erases
    finally:
        window.hide()
        logging.getLogger().removeHandler(log)
        window.keeper.close()
        window.set_up_page.devices.stop(waits=True)
        window.review_page.close_player()
        window.answer_page.close_player()
        window.practice_page.close_player()
        window.catching_up.close()
        services.runner.close()
        services.background.close()
        for part in (window, window.child_window, services.bridge, services.background, services.preferences):
            part.deleteLater()


def _erase(home: Path) -> str | EmoAsstError:
    """Delete everything while nothing has it open; what to say of it."""
    try:
        forget_everything(home)
    except EmoAsstError as error:
        return error
    return DELETED


def open_services(profile: str, factory: str) -> Services:
    """Everything the pages need; the model process starts loading now."""
    background, database_path = Background(), paths.database_path()
    preferences = Preferences(background=background)
    bridge = Bridge()
    runner = SessionRunner(
        bridge.tell,
        profile=profile,
        options=preferences.choices.options,
        database_path=paths.database_path(),
        sessions_folder=paths.sessions_folder(),
        factory=factory,
        open_sinks=recording_sinks(paths.database_path(), clip_spans),
    )
    return Services(
        runner,
        bridge,
        background,
        preferences,
        Catalogue.load(),
        database_path,
        paths.sessions_folder(),
        PeopleBook(background, database_path),
        profile,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="emoasst app", description="Open the window.")
    parser.add_argument("--recording", type=Path, help="play this recording at once")
    parser.add_argument("--profile", default="starter", help="name or folder of the models")
    return parser
