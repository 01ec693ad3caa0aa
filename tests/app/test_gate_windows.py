"""The adult's part through the real `main()`: PIN, locking, recovery phrase, lost key, damaged data."""

import numpy as np
import pytest
from adult import PIN, asked, choose_pin, type_pin
from PySide6.QtWidgets import QScrollArea
from recordings import write_recording

from app.dialogs.phrase_dialog import PhraseDialog, phrase_document
from app.dialogs.pin_dialogs import SetPinDialog
from app.dialogs.settings_dialog import SettingsDialog
from emoasst_core import paths
from emoasst_core.datatypes import AudioBlock, CueState, Frame
from emoasst_core.store.backup import back_up, backups, restore
from emoasst_core.store.database import Database
from emoasst_core.store.gate import FREE_TRIES
from emoasst_core.store.keys import Keys, new_phrase
from emoasst_core.store.media import MediaVault
from emoasst_core.store.people import People
from emoasst_core.store.sessions import get_session


@pytest.fixture
def family(home):
    choose_pin()
    with Database(paths.database_path()) as database:
        People(database).add("Mum", "adult")


def known(path=None):
    with Database(path or paths.database_path()) as database:
        return [person.name for person in People(database).all()]


def test_people_and_sessions_are_behind_the_pin_and_are_locked_again_after_a_session(drive, family, tmp_path):
    clip = write_recording(tmp_path / "Breakfast.mp4", ("green",), seconds_each=1.0)

    def script(window):
        start, dialog = window.start_page, lambda: window.keeper.dialog
        yield lambda: window.keeper.has_pin
        assert not start.sessions.rows and "Locked" in start.sessions._empty.text()
        yield asked(window)  # the recording of the command line waits for the PIN
        type_pin(window, "0000")
        yield lambda: "not the right one" in dialog().message.text()
        assert window.pages.currentWidget() is start
        type_pin(window)
        yield lambda: window.pages.currentWidget() is window.live_page
        yield lambda: window.pages.currentWidget() is start
        assert not window.keeper.is_open and "saved" in start.notice.text and not start.sessions.rows
        start.wanted.emit("people")
        yield asked(window)
        dialog().reject()
        assert window.pages.currentWidget() is start
        start.notice.main_button.click()
        yield asked(window)
        type_pin(window)
        yield lambda: window.pages.currentWidget() is window.review_page
        window.keeper.lock()
        assert window.pages.currentWidget() is start

    drive(script, "--recording", str(clip))


def test_the_settings_know_of_a_pin_that_was_chosen_from_them(drive, home):
    def script(window):
        window.start_page.wanted.emit("settings")
        settings = window.findChild(SettingsDialog)
        assert settings.pin_button.text() == "Choose a PIN for adults" and not settings.lock_box.isEnabled()
        settings.pin_button.click()
        choose = window.findChild(SetPinDialog)
        for line in (choose.first, choose.second):
            line.setText(PIN)
        choose.keep()
        yield lambda: window.keeper.has_pin
        assert settings.pin_button.text() == "Change the PIN" and settings.lock_box.isEnabled()
        assert window.start_page.more_buttons["lock"].isVisible()

    drive(script)


def test_stop_needs_no_pin_and_the_lock_does_not_end_a_session(drive, family, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4", ("green",), seconds_each=8.0)

    def script(window):
        yield asked(window)
        type_pin(window)
        yield lambda: window.live_page.cue.words == "Looks happy"
        window.keeper.lock()
        assert window.pages.currentWidget() is window.live_page and not window.keeper.is_open
        window.live_page.stop_button.click()
        yield lambda: window.pages.currentWidget() is window.start_page

    drive(script, "--recording", str(clip))


def test_wrong_tries_are_delayed_and_a_restart_does_not_shorten_the_wait(drive, family):
    def script(window):
        yield lambda: window.keeper.has_pin
        window.start_page.wanted.emit("people")
        for _ in range(FREE_TRIES + 1):
            yield asked(window)
            type_pin(window, "0000")
            yield lambda: window.keeper.dialog.main_button.isEnabled() or not window.keeper.dialog.pin.isEnabled()
        yield lambda: "Wait" in window.keeper.dialog.message.text() and not window.keeper.dialog.pin.isEnabled()

    def again(window):
        yield lambda: window.keeper.has_pin
        window.start_page.wanted.emit("people")
        yield lambda: not window.keeper.dialog.pin.isEnabled()
        window.keeper.dialog.try_pin()
        assert "Stop works without the PIN" in window.keeper.dialog.message.text()

    drive(script)
    drive(again)


def test_it_locks_when_nobody_uses_the_window(drive, family, monkeypatch):
    from app import gate_keeper

    now = {"s": 1000.0}
    monkeypatch.setattr(gate_keeper.time, "monotonic", lambda: now["s"])
    monkeypatch.setattr(gate_keeper.time, "time", lambda: now["s"])

    def script(window):
        yield lambda: window.keeper.has_pin
        window.keeper._open(window.open_people)
        window.keeper._timer.stop()
        yield lambda: window.people_page.cards
        for _ in range(299):
            now["s"] += 1
            window.keeper.tick()
        assert window.keeper.is_open
        now["s"] += 1
        window.keeper.tick()
        assert window.pages.currentWidget() is window.start_page and "nobody used" in window.start_page.notice.text
        monkeypatch.undo()

    drive(script)


def test_a_phrase_is_in_force_only_after_it_was_typed_back(drive, family):
    def script(window):
        yield lambda: window.keeper.has_pin
        assert Keys().needs_phrase
        dialog = PhraseDialog(window._services.background, window)
        dialog.open()
        assert len(dialog.words) == 16 and all(word in dialog.shown.text() for word in dialog.words)
        assert all(word in phrase_document(dialog.words).toPlainText() for word in dialog.words)
        dialog.main_button.click()
        assert not dialog.shown.isVisible()
        dialog.again_button.click()
        assert dialog.shown.isVisible() and not dialog.typed.isVisible()
        dialog.main_button.click()
        assert not dialog.shown.isVisible() and not dialog.typed.toPlainText()
        dialog.typed.setPlainText(" ".join(dialog.words[::-1]))
        dialog.main_button.click()
        assert "not the words" in dialog.message.text() and Keys().needs_phrase
        yield lambda: dialog.findChild(QScrollArea).verticalScrollBar().maximum() == 0  # room for what was said
        dialog.typed.setPlainText("  ".join(dialog.words).upper())
        dialog.main_button.click()
        yield lambda: not Keys().needs_phrase
        assert Keys().check_phrase(dialog.words)
        words = " ".join(dialog.words)
        window.start_page.wanted.emit("people")
        yield asked(window)
        window.keeper.dialog.forgotten_button.click()
        (forgotten,) = window.keeper.dialog.findChildren(type(window.keeper.dialog).__mro__[1])
        forgotten.phrase.setText("wrong words")
        forgotten.first.setText("1357")
        forgotten.second.setText("1357")
        forgotten.keep()
        yield lambda: "not the right one" in forgotten.message.text()
        forgotten.phrase.setText(words)
        forgotten.keep()
        yield lambda: window.pages.currentWidget() is window.people_page

    drive(script)


def test_damaged_data_is_said_at_the_start_and_a_backup_takes_its_place(drive, family):
    path = paths.database_path()
    with Database(path) as database:
        backup = back_up(database)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(len(whole) - 4096))

    def script(window):
        page = window.restore_page
        yield lambda: window.pages.currentWidget() is page
        assert page.title.text() == "The data is damaged" and not page._key_card.isVisible()
        (button,) = page.backup_buttons
        button.click()
        yield lambda: window.pages.currentWidget() is window.start_page
        yield lambda: window.keeper.has_pin

    drive(script)
    assert known() == ["Mum"]
    (aside,) = path.parent.glob("emoasst.sqlite.damaged-*")
    assert aside.read_bytes()[:4096] == whole[:4096]
    assert [one for one, _made, _size in backups(path)] == [backup]


def test_without_any_backup_one_may_start_empty_and_the_damaged_file_is_kept(drive, family):
    path = paths.database_path()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(len(whole) - 4096))

    def script(window):
        page = window.restore_page
        yield lambda: window.pages.currentWidget() is page
        assert not page.backup_buttons
        page.empty_button.click()
        page.notice.main_button.click()
        yield lambda: window.pages.currentWidget() is window.first_page  # as at the very first start

    drive(script)
    (aside,) = path.parent.glob("emoasst.sqlite.damaged-*")
    assert aside.stat().st_size == len(whole)


def test_a_lost_key_is_brought_back_by_the_phrase(drive, family, monkeypatch):
    words = new_phrase()
    keys = Keys()
    keys.set_phrase(words)
    keys.key_file.unlink()
    monkeypatch.setattr("emoasst_core.store.keys._opened", {})

    def script(window):
        page = window.restore_page
        yield lambda: window.pages.currentWidget() is page
        assert page.title.text() == "The key is missing" and not page._backup_card.isVisible()
        page.phrase.setText(" ".join(new_phrase()))
        page.phrase_button.click()
        yield lambda: "does not open" in page.notice.text
        page.phrase.setText(" ".join(words))
        page.phrase_button.click()
        yield lambda: window.pages.currentWidget() is window.start_page and window.keeper.has_pin

    drive(script)
    assert known() == ["Mum"]


def test_a_recording_that_broke_off_is_offered_at_the_next_start_saved_and_read(drive, home):
    home.mkdir(parents=True, exist_ok=True)
    session_id = "20261124-060000-abcd"
    with Database(paths.database_path()) as database:
        writer = MediaVault(database).record(session_id)
        for number in range(40):
            writer.frame(Frame(number / 10, np.full((120, 160, 3), 6 * number, np.uint8)))
            writer.sound(AudioBlock(number / 10, np.zeros(1600, np.float32)))
        database.execute("UPDATE segments SET end_s = NULL")
        assert MediaVault(database).unfinished() == [session_id]

    def script(window):
        start = window.start_page
        yield lambda: "broke off" in start.notice.text
        start.notice.main_button.click()
        yield lambda: "4 s of picture and sound were saved" in start.notice.text
        yield lambda: len(start.sessions.rows) == 1
        yield lambda: start.strip.words.startswith("A recording broke off before it was read.")
        yield lambda: start.strip.words == "What had broken off was looked through (4 s); it can be reviewed now."
        start.sessions.rows[0].click()
        yield lambda: window.pages.currentWidget() is window.review_page
        yield lambda: window.review_page.view.picture.frame is not None
        with Database(paths.database_path()) as database:
            assert {span.state for span in get_session(database, session_id).timeline.spans} == {CueState.CANT_SEE}
        assert not window.review_page.view.notice.text
        window.go_home()
        start.ask_delete(session_id, "it")
        start.notice.main_button.click()
        yield lambda: not start.sessions.rows

    drive(script)
    with Database(paths.database_path()) as database:
        assert MediaVault(database).unfinished() == MediaVault(database).recorded_sessions() == []


def test_a_backup_that_is_damaged_too_replaces_nothing(family):
    path = paths.database_path()
    bad = path.with_name("emoasst.bad.sqlite")
    bad.write_bytes(path.read_bytes()[:4096] + bytes(8192))
    from emoasst_core.errors import StoreError

    with pytest.raises(StoreError):
        restore(bad, path)
    assert known() == ["Mum"] and not list(path.parent.glob("*damaged-*")) and not list(path.parent.glob("*checking*"))
