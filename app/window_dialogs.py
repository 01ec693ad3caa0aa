"""The small windows of the main window, each opened with what it needs and themed as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QDialog

from app.dialogs.archive_dialog import ArchiveDialog
from app.dialogs.consent_dialog import ConsentDialog
from app.dialogs.device_dialog import DeviceDialog
from app.dialogs.erase_dialog import EraseDialog
from app.dialogs.keys_dialog import KeysDialog
from app.dialogs.phrase_dialog import PhraseDialog
from app.dialogs.pin_dialogs import SetPinDialog
from app.dialogs.settings_dialog import SettingsDialog
from app.services import Services
from app.theme import give_theme

if TYPE_CHECKING:
    from app.main_window import MainWindow

SESSION_RUNS = "A session is running. Stop it first, then come back here."
SAVING_RUNS = "All your data is being saved just now. Wait until that is done, then come back here."


class WindowDialogs(QObject):
    """Opens them over the window.

    Args:
        services: what they change.
        window: over which they are shown.

    Attributes:
        erases: an adult has agreed that everything is deleted once the window is closed.
    """

    def __init__(self, services: Services, window: MainWindow) -> None:
        super().__init__(window)
        self._services, self._window = services, window
        self._archive: ArchiveDialog | None = None
        self.erases = False

    def settings(self) -> None:
        """What a family may change."""
        dialog = SettingsDialog(self._services.preferences, bool(self._window.keeper.has_pin), self._window)
        dialog.pin_wanted.connect(self.choose_pin)
        dialog.phrase_wanted.connect(self.new_phrase)
        dialog.archive_wanted.connect(self.archive)
        dialog.erase_wanted.connect(self.erase)
        self._window.keeper.opened.connect(dialog.show_pin)
        self._open(dialog)

    def keys(self) -> None:
        """Every key."""
        self._open(KeysDialog(self._window))

    def choose_pin(self) -> None:
        """Choose the PIN, or another one."""
        keeper = self._window.keeper
        dialog = SetPinDialog(self._services.background, self._services.database_path, bool(keeper.has_pin), self._window)
        dialog.changed.connect(keeper.pin_chosen)
        self._open(dialog)

    def new_phrase(self) -> None:
        """Make a recovery phrase: shown once, typed back."""
        self._open(PhraseDialog(self._services.background, self._window))

    def archive(self) -> None:
        """Save all data as one file, or read such a file in."""
        dialog = ArchiveDialog(self._services, self._window)
        dialog.told.connect(self._window.start_page.tell)
        dialog.read_in.connect(self._window.start_flow.take_archive)
        dialog.erase_wanted.connect(self.erase)
        dialog.destroyed.connect(self._forget_archive)
        self._archive = dialog
        give_theme(dialog, self._window.theme)
        dialog.open()  # not deleted when it is closed: what it writes is finished first

    def erase(self) -> None:
        """Ask whether everything is to be deleted; the window is closed for it and begins again."""
        keeper, why_not = self._window.keeper, ""
        if self._window.live_page.is_busy:
            why_not = SESSION_RUNS
        elif self._archive is not None and self._archive.is_busy:
            why_not = SAVING_RUNS
        dialog = EraseDialog(self._services, bool(keeper.has_pin), why_not, self._window)
        dialog.archive_wanted.connect(self.archive)
        dialog.agreed.connect(self._begin_again)
        self._open(dialog)

    def _begin_again(self) -> None:
        self.erases = True
        for dialog in self._window.findChildren(QDialog):
            dialog.reject()
        QTimer.singleShot(0, self._window.close)  # the dialog that told of it is still at work

    def _forget_archive(self) -> None:
        self._archive = None

    def take_back(self) -> None:
        """Let somebody here take back what they agreed to."""
        runner = self._services.runner
        dialog = ConsentDialog(runner.plan.people, self._services.people.names, self._window)

        def withdraw(person_id: str) -> None:
            runner.withdraw(person_id)
            self._window.live_page.show_plan(runner.plan)
            self._services.people.withdraw_all(person_id, self._window.start_page.say)

        dialog.withdrawn.connect(withdraw)
        self._open(dialog)

    def switch(self, kind: str) -> None:
        """Let a session that runs use another camera or microphone; the outcome is told as an event."""
        runner = self._services.runner
        dialog = DeviceDialog(self._services, kind, self._window)
        dialog.chosen.connect(runner.switch_camera if kind == "camera" else runner.switch_microphone)
        self._open(dialog)

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        give_theme(dialog, self._window.theme)
        dialog.open()
