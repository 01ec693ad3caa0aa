"""An adult who has chosen a PIN, and types it where it is asked for, as a user does."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from emoasst_core import paths
from emoasst_core.store.database import Database
from emoasst_core.store.gate import Gate

PIN = "2468"


def choose_pin():
    paths.home().mkdir(parents=True, exist_ok=True)
    with Database(paths.database_path()) as database:
        Gate(database).set_pin(PIN)


def asked(window):
    return lambda: window.keeper.dialog is not None and window.keeper.dialog.isVisible() and window.keeper.dialog.pin.isEnabled()


def type_pin(window, pin=PIN):
    QTest.keyClicks(window.keeper.dialog.pin, pin)
    QTest.keyClick(window.keeper.dialog.pin, Qt.Key.Key_Return)


def go_to_set_up(window):
    """From the start page to the set-up, with the PIN in between."""
    window.start_page.camera_card.click()
    yield asked(window)
    type_pin(window)
    yield lambda: window.pages.currentWidget() is window.set_up_page
