"""Everything is deleted from the window: said plainly, agreed to twice, gone from the disk, and the window begins again."""

from pathlib import Path

from adult import PIN, choose_pin
from clip_session import save_unclear_session
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import DELETED
from app.dialogs.archive_dialog import ArchiveDialog
from app.dialogs.erase_dialog import EraseDialog
from app.dialogs.settings_dialog import SettingsDialog
from app.main_window import MainWindow
from app.preferences import Choices
from app.start_flow import READ_IN
from emoasst_core import paths
from emoasst_core.store.database import Database
from emoasst_core.store.erasure import is_erasure_noted, note_erasure
from emoasst_core.store.instance import LOCK_FILE
from emoasst_core.store.people import People
from emoasst_core.store.sessions import list_sessions

NAME = "Great-aunt Wilhelmine"


def a_family(tmp_path):
    session_id = save_unclear_session(tmp_path)
    with Database(paths.database_path()) as database:
        People(database).add(NAME, "other")
    (paths.home() / "sessions" / session_id).mkdir(parents=True, exist_ok=True)
    (paths.home() / "sessions" / session_id / "timeline.csv").write_text(NAME, "utf-8")
    (paths.home() / "preferences.ini.newest").write_text(NAME, "utf-8")
    return session_id


def files(home: Path):
    return [path for path in home.rglob("*") if path.is_file() and path.name != LOCK_FILE]


def visible(kind):
    found = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and widget.isVisible()]
    return found[0] if found else None


def opened(window):
    window.dialogs.settings()
    visible(SettingsDialog).erase_button.click()
    return visible(EraseDialog)


def kept_sessions():
    with Database(paths.database_path()) as database:
        return len(list_sessions(database))


def test_after_word_and_pin_everything_is_gone_and_the_window_is_as_at_its_first_start(drive, tmp_path, home):
    a_family(tmp_path)
    choose_pin()

    def script(window):
        window._services.preferences.change(lock_after_min=60, last_folder=NAME)
        dialog = opened(window)
        yield lambda: "1 session," in dialog.goes.text()
        assert "1 person, with names" in dialog.goes.text()
        assert not dialog.erase_button.isEnabled()
        QTest.keyClicks(dialog.word, "Delete")
        assert not dialog.erase_button.isEnabled()  # the PIN as well
        QTest.keyClicks(dialog.pin, "1111")
        QTest.keyClick(dialog.pin, Qt.Key.Key_Return)
        yield lambda: "Nothing was deleted." in dialog.message.text()
        assert kept_sessions() == 1 and not is_erasure_noted(home)
        QTest.keyClicks(dialog.pin, PIN)
        QTest.keyClick(dialog.pin, Qt.Key.Key_Return)
        yield lambda: visible(MainWindow) not in (None, window) and visible(MainWindow).first_page.isVisible()
        again = visible(MainWindow)
        yield lambda: DELETED in again.first_page.lead.text()
        assert again.keeper.has_pin is False
        assert again._services.preferences.choices == Choices()
        assert again.first_page.name.text() == ""
        assert files(home) == []
        again.first_page.later_button.click()
        yield lambda: again.start_page.isVisible()
        assert again.start_page.sessions.rows == []

    drive(script)
    assert drive.exit_code == 0
    assert not any(NAME.encode() in path.read_bytes() for path in files(home))


def test_nothing_goes_without_the_word(drive, tmp_path, home):
    a_family(tmp_path)

    def script(window):
        dialog = opened(window)
        yield lambda: "1 session," in dialog.goes.text()
        for wrong in ("", "yes", "delet"):
            dialog.word.setText(wrong)
            QTest.keyClick(dialog.word, Qt.Key.Key_Return)
            assert not dialog.erase_button.isEnabled() and dialog.isVisible()
        assert dialog.focusWidget() is not dialog.erase_button
        dialog.keep_button.click()
        assert window.isVisible() and not window.dialogs.erases

    drive(script)
    assert kept_sessions() == 1 and not is_erasure_noted(home)


def test_what_was_agreed_to_is_done_at_the_next_start_where_the_computer_stopped_in_between(drive, tmp_path, home):
    a_family(tmp_path)
    note_erasure(home)

    def script(window):
        yield lambda: window.first_page.isVisible()
        yield lambda: DELETED in window.first_page.lead.text()
        assert files(home) == []

    drive(script, is_first=True)


def test_what_is_in_the_way_is_said_and_everything_else_is_gone(drive, tmp_path, home, monkeypatch):
    a_family(tmp_path)
    note_erasure(home)
    monkeypatch.setattr("emoasst_core.store.erasure.shutil.rmtree", lambda *_arguments, **_options: None)

    def script(window):
        yield lambda: "could not be deleted: sessions." in window.start_page.notice.text

    drive(script)
    assert drive.exit_code == 0  # closed once, it stays closed; the next start tries again
    assert is_erasure_noted(home) and not paths.database_path().exists()


def test_while_a_session_runs_it_has_to_be_stopped_first(drive, tmp_path, monkeypatch):
    a_family(tmp_path)

    def script(window):
        monkeypatch.setattr(type(window.live_page), "is_busy", True)
        dialog = opened(window)
        dialog.word.setText("delete")
        assert "Stop it first" in dialog.message.text() and not dialog.erase_button.isEnabled()
        yield lambda: "1 session," in dialog.goes.text()
        dialog.reject()
        monkeypatch.undo()

    drive(script)


def test_a_file_that_has_no_room_leads_to_deleting_and_is_read_in_at_the_first_step_after_that(drive, tmp_path, home):
    a_family(tmp_path)
    target = tmp_path / "all.zip"

    def script(window):
        window.dialogs.archive()
        dialog = visible(ArchiveDialog)
        assert dialog.erase_button.isHidden()
        dialog.save(target)
        yield lambda: "Everything is saved" in dialog.message.text()
        dialog.read(target)
        yield lambda: "already holds a family" in dialog.message.text()
        assert "Delete what is here" in dialog.message.text()
        dialog.erase_button.click()
        erase = visible(EraseDialog)
        erase.word.setText("delete")
        QTest.keyClick(erase.word, Qt.Key.Key_Return)
        yield lambda: visible(MainWindow) not in (None, window) and visible(MainWindow).first_page.isVisible()
        first = visible(MainWindow).first_page
        yield lambda: DELETED in first.lead.text()
        first.archive_button.click()
        dialog = visible(ArchiveDialog)
        dialog.read(target)
        yield lambda: "is read in" in dialog.message.text()
        dialog.reject()
        yield lambda: "what you have is kept" in first.lead.text()
        assert first.archive_button.isHidden()
        assert READ_IN in first.lead.text() and DELETED not in first.lead.text()

    drive(script)
    assert kept_sessions() == 1
