"""Saving a session for other people or programs: what it becomes, and whether names go with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QVBoxLayout, QWidget

from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.services import Services
from app.widgets.form import Choice, Tick
from app.widgets.text import Button, label
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.export import export_session
from emoasst_core.review.pseudonyms import pseudonyms
from emoasst_core.store.database import Database
from emoasst_core.store.people import People
from emoasst_core.store.sessions import get_session

KINDS = {
    "pdf": ("One page to print (PDF)", "pdf"),
    "csv": ("A table (CSV)", "csv"),
    "webvtt": ("Captions for a film (WebVTT)", "vtt"),
    "eaf": ("For ELAN (EAF)", "eaf"),
    "textgrid": ("For Praat (TextGrid)", "TextGrid"),
    "json": ("Every number (JSON)", "json"),
}
PROMISE = (
    "People become Person A, Person B unless you tick names. What was said stays as it is: a name spoken aloud is in it. "
    "Pictures and sound are not part of it."
)


class ExportDialog(QDialog):
    """Chooses the kind and the place.

    Args:
        services: where the database is.
        session_id: what is saved.
        on_saved: told where it was saved; the dialog is gone by then.
        on_failed: told what went wrong.
    """

    def __init__(
        self,
        services: Services,
        session_id: str,
        on_saved: Callable[[str], None],
        on_failed: Callable[[EmoAsstError], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._services, self._session_id, self._on_saved, self._on_failed = services, session_id, on_saved, on_failed
        self.kind_box = Choice()
        self.kind_box.setAccessibleName("What it becomes")
        for name, (text, _ending) in KINDS.items():
            self.kind_box.addItem(text, name)
        self.names_tick = Tick("Keep people’s names and the name of the recording")
        self.save_button = Button("Choose a place", "main")
        self.close_button = Button("Close")
        self.save_button.clicked.connect(self._choose_place)
        self.close_button.clicked.connect(self.reject)
        content = QVBoxLayout()
        content.setSpacing(16)
        for part in (self.kind_box, self.names_tick, label(PROMISE, "soft")):
            content.addWidget(part)
        lay_out_dialog(self, "Save for others", content, (self.save_button, self.close_button))
        fit_dialog(self, content)

    def save(self, path: Path) -> None:
        """Write the file."""
        kind, keeps_names = str(self.kind_box.currentData()), self.names_tick.isChecked()
        database_path, session_id = self._services.database_path, self._session_id

        def write() -> str:
            with Database(database_path, create=False) as database:
                record, known = get_session(database, session_id), People(database).names()
            export_session(record, kind, path, known if keeps_names else pseudonyms(record), hides_recording=not keeps_names)
            return str(path)

        self._services.background.run(write, self._on_saved, self._on_failed)
        self.accept()

    def _choose_place(self) -> None:
        _text, ending = KINDS[str(self.kind_box.currentData())]
        folder = self._services.preferences.choices.last_folder
        chosen, _ = QFileDialog.getSaveFileName(self, "Save as", str(Path(folder) / f"session.{ending}"), f"*.{ending}")
        if chosen:
            self.save(Path(chosen))
