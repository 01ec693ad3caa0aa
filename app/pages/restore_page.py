"""Where the window opens when the family's data cannot be read: its key is lost, or the file is damaged."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QVBoxLayout, QWidget

from app.services import Services
from app.theme import LIGHT, Theme, give_theme
from app.widgets.notice import Notice
from app.widgets.scroll import fill_with_column
from app.widgets.text import Button, card, label
from emoasst_core.errors import EmoAsstError, KeyLostError
from emoasst_core.store.backup import backups, restore, set_aside
from emoasst_core.store.keys import Keys

CONTENT_PX = 760
KEY_WORDS = "The data is encrypted and its key is not on this computer any more. The recovery phrase brings it back."
DAMAGED_WORDS = (
    "Nothing has been changed. A backup can be put in its place; the damaged file is set aside beside it and kept. "
    "What was added after the backup was made is not in it."
)


class RestorePage(QWidget):
    """Offers what can be done about it; nothing is done before somebody chooses."""

    restored = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._theme = LIGHT
        self.title = label("", "title")
        self.what = label("")
        self.notice = Notice()
        self.phrase = QLineEdit()
        self.phrase.setAccessibleName("Recovery phrase")
        self.phrase.setPlaceholderText("All words, in their order")
        self.phrase_button = Button("Open with this phrase", "main")
        self.backup_buttons: list[Button] = []
        self.choose_button = Button("Choose another backup")
        self.empty_button = Button("Set it aside and start empty", "plain")
        self._lay_out()
        self.phrase_button.clicked.connect(self._unlock)
        self.phrase.returnPressed.connect(self._unlock)
        self.choose_button.clicked.connect(self._choose)
        self.empty_button.clicked.connect(self._ask_empty)
        self.notice.main_chosen.connect(self._start_empty)
        self.notice.other_chosen.connect(self.notice.hide)

    def set_theme(self, theme: Theme) -> None:
        """Buttons that are made later follow it."""
        self._theme = theme

    def show_trouble(self, error: EmoAsstError) -> None:
        """Say what is wrong and offer what helps."""
        is_key = isinstance(error, KeyLostError)
        self.title.setText("The key is missing" if is_key else "The data is damaged")
        self.what.setText(f"{error.message} {KEY_WORDS if is_key else DAMAGED_WORDS}")
        self.notice.hide()
        self._key_card.setVisible(is_key)
        self._backup_card.setVisible(not is_key)
        self._list_backups(backups(self._services.database_path))

    def put_back(self, backup: Path) -> None:
        """Put a backup in the place of the database."""
        path = self._services.database_path
        self._services.background.run(lambda: restore(backup, path), lambda _aside: self.restored.emit(), self._say)

    def _list_backups(self, found: list[tuple[Path, datetime, int]]) -> None:
        for button in self.backup_buttons:
            button.deleteLater()
        self.backup_buttons = []
        for path, made_at, _num_bytes in found:
            day = f"{made_at.astimezone():%d %b %Y, %H:%M}".lstrip("0")
            button = Button(f"Put back the backup of {day}")
            button.setToolTip(path.name)
            button.clicked.connect(lambda _checked=False, path=path: self.put_back(path))
            give_theme(button, self._theme)
            self._backups.addWidget(button)
            self.backup_buttons.append(button)

    def _unlock(self) -> None:
        phrase = self.phrase.text()
        self._services.background.run(
            lambda: Keys(self._services.database_path.parent).unlock_with_phrase(phrase),
            lambda _none: self._unlocked(),
            self._say,
        )

    def _unlocked(self) -> None:
        self.phrase.clear()
        self.restored.emit()

    def _choose(self) -> None:
        folder = str(self._services.database_path.parent)
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a backup", folder, "Backups (*.sqlite *.emoasst);;All files (*)")
        if chosen:
            self.put_back(Path(chosen))

    def _ask_empty(self) -> None:
        self.notice.say(
            "Start with empty data?", "The old file is kept beside it, but it is not used any more.", "Start empty", "Go back"
        )
        self.notice.other_button.setFocus()

    def _start_empty(self) -> None:
        path = self._services.database_path
        self._services.background.run(lambda: set_aside(path), lambda _aside: self.restored.emit(), self._say)

    def _say(self, error: EmoAsstError) -> None:
        self.notice.say(error.message, error.next_step, other="Close this message")

    def _lay_out(self) -> None:
        self._key_card, self._backup_card = card(), card()
        by_key, self._backups = QVBoxLayout(self._key_card), QVBoxLayout(self._backup_card)
        for inside in (by_key, self._backups):
            inside.setContentsMargins(24, 18, 24, 18)
            inside.setSpacing(10)
        by_key.addWidget(label("Recovery phrase", "heading"))
        by_key.addWidget(self.phrase)
        by_key.addWidget(self.phrase_button)
        self._backups.addWidget(label("Backups", "heading"))
        self._backups.addWidget(self.choose_button)
        content = QVBoxLayout()
        content.setSpacing(14)
        for part in (self.title, self.what, self.notice, self._key_card, self._backup_card, self.empty_button):
            content.addWidget(part)
        content.addStretch(1)
        fill_with_column(self, content, CONTENT_PX, top_px=48)
