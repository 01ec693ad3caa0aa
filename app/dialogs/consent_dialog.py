"""Taking an agreement back while a session rests: nobody has to wait for its end, and nobody needs the PIN for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.dialogs.dialog_layout import fit_dialog, lay_out_dialog
from app.widgets.text import Button, label

WHAT_HAPPENS = (
    "From now on this person is not read, nothing more is recorded in this session, and clips of this person that nobody "
    "has answered yet are deleted."
)


class ConsentDialog(QDialog):
    """One button per person who agreed; it can only take back, never grant.

    Args:
        people: those the session reads.
        names: what they are called.
    """

    withdrawn = Signal(str)

    def __init__(self, people: Sequence[str], names: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, Button] = {}
        self.close_button = Button("Close", "main")
        self.close_button.clicked.connect(self.accept)
        content = QVBoxLayout()
        content.setSpacing(10)
        content.addWidget(label(WHAT_HAPPENS, "soft"))
        for person in people:
            name = names.get(person, "Someone new")
            button = Button(f"Stop reading {name}")
            button.clicked.connect(lambda _checked=False, person=person, name=name: self._withdraw(person, name))
            self.buttons[person] = button
            content.addWidget(button)
        lay_out_dialog(self, "Take back an agreement", content, (self.close_button,))
        fit_dialog(self, content)

    def _withdraw(self, person: str, name: str) -> None:
        self.buttons[person].setEnabled(False)
        self.buttons[person].setText(f"{name} is not read any more")
        self.withdrawn.emit(person)
