"""All of the family's data, saved and read in again from the window, behind the adult's PIN."""

import zipfile

import pytest
from clip_session import save_unclear_session
from PySide6.QtWidgets import QDialog

from app.dialogs.archive_dialog import ArchiveDialog
from app.dialogs.pin_dialogs import AskPinDialog
from app.dialogs.settings_dialog import SettingsDialog
from emoasst_core import paths
from emoasst_core.review.clip_collection import collect_clips
from emoasst_core.store.clips import Clips
from emoasst_core.store.database import Database
from emoasst_core.store.gate import Gate
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import list_sessions
from tests.core.session.test_sound_reader import feed

PHRASE = "four green apples fall"


def shown(window, kind):
    return next((dialog for dialog in window.findChildren(kind) if dialog.isVisible()), None)


def kept():
    with Database(paths.database_path()) as database:
        sessions = [record.session_id for record in list_sessions(database)]
        clips = [clip for session_id in sessions for clip in Clips(database).all(session_id)]
        vault = MediaVault(database)
        recorded = {name: vault.open(name, 1).read(-1) for name in vault.recorded_sessions()}
        return sessions, clips, recorded


def record(session_id):
    with Database(paths.database_path()) as database:
        writer = MediaVault(database).record(session_id)
        feed(writer, 1.0)
        writer.close()


def opened(window):
    window.dialogs.settings()
    shown(window, SettingsDialog).archive_button.click()
    return shown(window, ArchiveDialog)


def test_everything_is_saved_under_a_phrase_and_read_in_again_as_it_was(drive, tmp_path, home):
    session_id = save_unclear_session(tmp_path)
    record(session_id)
    with Database(paths.database_path()) as database:
        collect_clips(database, session_id)
    before, target = kept(), tmp_path / "all.zip"
    assert before[0] and before[1] and all(before[2].values())

    def save(window):
        dialog = opened(window)
        dialog.recordings_tick.setChecked(True)
        dialog.phrase.setText("short")
        dialog.save(target)
        assert "too short" in dialog.message.text() and not target.exists()
        dialog.phrase.setText(PHRASE)
        dialog.phrase_again.setText(PHRASE + "s")
        dialog.save(target)
        assert "not the same" in dialog.message.text() and not target.exists()
        dialog.phrase_again.setText(PHRASE)
        dialog.save(target)
        assert not dialog.save_button.isEnabled() and dialog.bar.isVisible()
        yield lambda: "Everything is saved" in dialog.message.text()
        assert str(target) in dialog.message.text() and "with 1 file of recordings" in dialog.message.text()
        assert dialog.bar.maximum() == dialog.bar.value() > 10
        dialog.read(target)  # where something is kept already it is refused
        yield lambda: "Type its phrase" in dialog.message.text()
        dialog.read(target)
        yield lambda: "already holds a family" in dialog.message.text()
        dialog.reject()

    drive(save)
    assert any(name.endswith(".emav") for name in zipfile.ZipFile(target).namelist())
    home.rename(tmp_path / "old home")

    def read(window):
        dialog = opened(window)
        dialog.read(target)
        yield lambda: "Type its phrase" in dialog.message.text()
        dialog.phrase.setText("another phrase here")
        dialog.read(target)
        yield lambda: dialog.save_button.isEnabled() and "Type its phrase" not in dialog.message.text()
        assert "is read in" not in dialog.message.text()
        dialog.phrase.setText(PHRASE)
        dialog.read(target)
        yield lambda: "is read in" in dialog.message.text()
        dialog.reject()
        yield lambda: window.first_page.isVisible()  # an archive holds no PIN: it is chosen here first

    drive(read)
    after = kept()
    assert after == before


def test_a_dialog_closed_early_still_finishes_and_tells_on_the_start_page(drive, tmp_path):
    save_unclear_session(tmp_path)
    target = tmp_path / "all.zip"

    def script(window):
        dialog = opened(window)
        dialog.save(target)
        dialog.reject()
        yield lambda: "Everything is saved" in window.start_page.notice.text
        assert zipfile.ZipFile(target).testzip() is None

    drive(script)


def test_with_a_pin_nobody_comes_to_all_data_without_it(drive, tmp_path):
    save_unclear_session(tmp_path)
    with Database(paths.database_path()) as database:
        Gate(database).set_pin("482913")

    def script(window):
        yield lambda: window.keeper.has_pin
        window.keeper.lock()
        window.actions_by_name["settings"].trigger()
        assert shown(window, SettingsDialog) is None and shown(window, AskPinDialog) is not None
        shown(window, QDialog).reject()
        yield lambda: shown(window, QDialog) is None

    drive(script)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOASST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
