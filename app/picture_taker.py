"""Adds a picture of somebody: taken by the camera or from a file, read in a process of its own, kept with the person."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.dialogs.picture_dialog import PictureDialog
from app.services import Services
from app.theme import Theme, give_theme
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.face_enrolment import DEFAULT_READER, Picture, enrol_face
from emoasst_core.store.people import People, Person


class PictureTaker(QObject):
    """Shared by the set-up page and the people page.

    Args:
        services: where the people are kept, and the thread on which it is done.
        reader: what reads a face, see `session.face_enrolment`.
        parent: over which the camera's dialog is shown.
    """

    began = Signal(str)
    added = Signal(str)
    failed = Signal(str, object)

    def __init__(self, services: Services, parent: QWidget, reader: str = DEFAULT_READER) -> None:
        super().__init__(parent)
        self._services, self._over = services, parent
        self.reader = reader

    def take(self, person: Person, theme: Theme) -> PictureDialog:
        """Let the camera take a picture of somebody."""
        dialog = PictureDialog(self._services, person.name, self._over)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        give_theme(dialog, theme)
        dialog.taken.connect(lambda picture: self.add(person, picture))
        dialog.open()
        return dialog

    def add(self, person: Person, picture: Path | Picture) -> None:
        """Read the face in a picture elsewhere, and keep what this person is recognised by."""
        self.began.emit(person.person_id)

        def job(people: People) -> None:
            face = enrol_face(picture, self.reader)
            people.add_face(person.person_id, face.embedding, face.encoder_hash, face.thumbnail)

        def refuse(error: EmoAsstError) -> None:
            self.failed.emit(person.person_id, error)

        self._services.people.change(job, lambda _done: self.added.emit(person.person_id), refuse)
