"""Everything that was kept of the family as one file, and such a file read in again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from app.bridge import Courier
from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.services import Services
from app.widgets.form import Tick
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError, NotEmptyError
from emoasst_core.paths import sessions_folder
from emoasst_core.review.archive import ArchiveContent, Tell, holds_recordings, read_archive, write_archive
from emoasst_core.review.archive_recordings import require_phrase
from emoasst_core.session.job_queue import do_apart
from emoasst_core.store.database import Database

FILE_NAME = "emoasst-all-my-data.zip"
FILE_FILTER = "All my data (*.zip)"
WHAT = (
    "One file with everything that was kept: people with their names, sessions, words, answers. "
    "It is not locked: keep it where only the family can reach it."
)
PHRASE = "The recordings stay locked in it. Only this phrase opens them, so keep it well: nobody can find it again for you."
READ = "A file that was saved here or on another computer can be read in while nothing has been kept on this one yet."
NOT_EMPTY = (
    "To read the file in here, first save what is here in another file. Then press “Delete what is here”, "
    "and after that read this file in."
)


class ArchiveDialog(QDialog):
    """Writes and reads the file, on a thread of its own.

    Args:
        services: where the database is.

    Attributes:
        told: what came of it, for whoever is there when the dialog is not.
        read_in: another family's worth of data is there now.
        erase_wanted: what is here should make room for the file.
    """

    told = Signal(str)
    read_in = Signal()
    erase_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._courier = Courier(self)
        self._waiting: Path | None = None  # an archive that needs a phrase to be read in
        self.recordings_tick = Tick("Also the kept recordings, under a phrase")
        self.phrase, self.phrase_again = _phrase_line("Phrase"), _phrase_line("The same phrase again")
        self.phrase_text = label(PHRASE, "soft")
        self.message = label("")
        self.bar = QProgressBar()
        self.bar.setAccessibleName("How much is done")
        self.save_button = Button("Save it as a file", "main")
        self.read_button = Button("Read a file in")
        self.close_button = Button("Close")
        self.erase_button = Button("Delete what is here", "plain")
        self.content = QVBoxLayout()
        self._lay_out()
        self.recordings_tick.toggled.connect(self._show_phrase)
        self.save_button.clicked.connect(self._choose_place)
        self.read_button.clicked.connect(self._choose_file)
        self.close_button.clicked.connect(self.reject)
        self.erase_button.clicked.connect(self.erase_wanted)
        self._show_phrase(False)
        self.bar.hide()
        self.erase_button.hide()

    def save(self, path: Path) -> None:
        """Write everything to a file; an older one is replaced when the new one is whole."""
        phrase = ""
        if self.recordings_tick.isChecked():
            try:
                phrase = require_phrase(self.phrase.text())
            except EmoAsstError as error:
                self._say(str(error))
                return
            if self.phrase.text() != self.phrase_again.text():
                self._say("The two phrases are not the same. Type the second one again.")
                return
        database_path = self._services.database_path

        def write(tell: Tell) -> ArchiveContent:
            with Database(database_path, create=False) as database:
                return write_archive(database, path, sessions_folder(), phrase=phrase, tell=tell)

        def done(content: ArchiveContent) -> None:
            self._end(f"Everything is saved{_with_recordings(content) if phrase else ''}, in {path}.")

        self._run("Saving …", write, done)

    def read(self, path: Path) -> None:
        """Read a file in; one with recordings needs its phrase first."""
        phrase, database_path = self.phrase.text(), self._services.database_path

        def read(tell: Tell) -> ArchiveContent | None:
            if self._waiting != path and holds_recordings(path):
                return None
            with Database(database_path) as database:
                return read_archive(path, database, sessions_folder(), phrase, tell=tell)

        def done(content: ArchiveContent | None) -> None:
            if content is None:
                self._ask_phrase(path)
                return
            self._waiting = None
            self._end(f"Everything is read in{_with_recordings(content)}, from {path.name}.")
            self.read_in.emit()

        self._run("Reading …", read, done)

    def done(self, result: int) -> None:
        """Close; what is being written is finished first, out of sight."""
        super().done(result)
        if not self.is_busy:
            self._go()

    def _run(self, text: str, job: Callable[[Tell], Any], on_done: Callable[[Any], None]) -> None:
        def tell(num_done: int, num_parts: int) -> None:
            self._bring(self._show_progress, (num_done, num_parts))

        for button in (self.save_button, self.read_button):
            button.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        self._say(text)
        do_apart(
            lambda: job(tell),
            lambda outcome: self._bring(on_done, outcome),
            lambda error: self._bring(self._refuse, error),
            "archive",
        )

    def _bring(self, function: Callable[[Any], None], value: Any) -> None:
        with suppress(RuntimeError):  # the window is gone
            self._courier.bring(function, value)

    def _show_progress(self, progress: tuple[int, int]) -> None:
        num_done, num_parts = progress
        self.bar.setRange(0, num_parts)
        self.bar.setValue(num_done)

    def _end(self, text: str) -> None:
        self.bar.hide()
        for button in (self.save_button, self.read_button):
            button.setEnabled(True)
        self._say(text)
        if not self.isVisible():
            self.told.emit(text)
            self._go()

    def _refuse(self, error: EmoAsstError) -> None:
        """Say what went wrong; where something is kept here already, lead to deleting it."""
        is_not_empty = isinstance(error, NotEmptyError)
        self.erase_button.setVisible(is_not_empty)
        self._end(f"{error.message} {NOT_EMPTY}" if is_not_empty else str(error))

    @property
    def is_busy(self) -> bool:
        """Whether a file is being written or read."""
        return self.bar.isVisibleTo(self)

    def _go(self) -> None:
        self._courier.close()
        self.deleteLater()

    def _ask_phrase(self, path: Path) -> None:
        """The recordings in it are locked."""
        self._waiting = path
        self._end("This file holds recordings. Type its phrase and press “Read it in now”, or leave it empty to leave them out.")
        self.read_button.setText("Read it in now")
        self.phrase.show()
        self.phrase.setFocus()
        fit_dialog(self, self.content)

    def _say(self, text: str) -> None:
        self.message.setText(text)
        fit_dialog(self, self.content)

    def _show_phrase(self, is_shown: bool) -> None:
        for part in (self.phrase, self.phrase_again, self.phrase_text):
            part.setVisible(is_shown)
        fit_dialog(self, self.content)

    def _choose_place(self) -> None:
        folder = self._services.preferences.choices.last_folder
        chosen, _ = QFileDialog.getSaveFileName(self, "Save everything as", str(Path(folder) / FILE_NAME), FILE_FILTER)
        if chosen:
            self.save(Path(chosen))

    def _choose_file(self) -> None:
        if self._waiting is not None:
            self.read(self._waiting)
            return
        folder = self._services.preferences.choices.last_folder
        chosen, _ = QFileDialog.getOpenFileName(self, "Read a file in", folder, FILE_FILTER)
        if chosen:
            self.read(Path(chosen))

    def _lay_out(self) -> None:
        self.content.setSpacing(12)
        parts = (label(WHAT), self.recordings_tick, self.phrase, self.phrase_again, self.phrase_text, label(READ, "soft"))
        for part in (*parts, self.message, self.bar):
            self.content.addWidget(part)
        self.content.addWidget(self.erase_button, 0, Qt.AlignmentFlag.AlignLeft)
        lay_out_dialog(self, "All my data", self.content, (self.save_button, self.read_button, self.close_button))


def _with_recordings(content: ArchiveContent) -> str:
    """The files of recordings that are part of it, where there are any."""
    count = content.num_recorded
    return f", with {count} file{'s' if count != 1 else ''} of recordings" if count else ""


def _phrase_line(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setEchoMode(QLineEdit.EchoMode.Password)
    line.setAccessibleName(name)
    line.setPlaceholderText(name)
    return line
