"""The first start through the real `main()`: who the adult is, the PIN, the recovery words; no camera before that."""

import pytest
from adult import PIN
from adult import choose_pin as keep_pin
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from recordings import write_recording

from app.devices import Devices
from app.dialogs.phrase_dialog import PhraseDialog
from emoasst_core import paths
from emoasst_core.errors import GateError
from emoasst_core.store.database import Database
from emoasst_core.store.gate import Gate
from emoasst_core.store.keys import Keys, new_phrase
from emoasst_core.store.people import People


@pytest.fixture
def opened(monkeypatch):
    """Every camera and microphone that was asked for."""
    asked = []
    monkeypatch.setattr("emoasst_core.session.runner.open_camera", lambda camera_id: asked.append(camera_id))
    monkeypatch.setattr("emoasst_core.session.runner.open_microphone", lambda microphone_id: asked.append(microphone_id))
    monkeypatch.setattr("emoasst_core.session.device_preview.DevicePreview.start", lambda _self, *ids: asked.extend(ids))
    monkeypatch.setattr("app.devices.find_devices", lambda: Devices((), (), ()))
    return asked


def names():
    with Database(paths.database_path()) as database:
        return [(person.name, person.role) for person in People(database).all()]


def has_pin():
    if not paths.database_path().exists():
        return False
    with Database(paths.database_path()) as database:
        return Gate(database).is_set


def shows(window, page):
    return lambda: window.pages.currentWidget() is page


def type_in(line, text):
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def choose_pin(window, name="Mum", pin=PIN):
    """What an adult does at the first start, by keyboard."""
    page = window.first_page
    type_in(page.name, name)
    assert page.step == 1
    type_in(page.first, pin)
    type_in(page.second, pin)
    yield lambda: page.step == 2


def write_words_down(window):
    window.first_page.main_button.click()
    (dialog,) = [one for one in window.findChildren(PhraseDialog) if one.isVisible()]
    dialog.main_button.click()
    dialog.typed.setPlainText(" ".join(dialog.words))
    dialog.main_button.click()
    return dialog.words


def test_the_first_start_leads_from_the_name_over_pin_and_words_to_the_set_up(drive, home, opened):
    kept = {}

    def script(window):
        page = window.first_page
        yield shows(window, page)
        assert not paths.database_path().exists() and "Step 1 of 3" in words_of(page)
        yield from choose_pin(window)
        assert has_pin() and window.keeper.is_open and names() == [("Mum", "adult")]
        assert not page.first.text() and not page.second.text()
        kept["words"] = write_words_down(window)
        yield shows(window, window.set_up_page)
        yield lambda: [row.person.name for row in window.set_up_page.persons if row.person] == ["Mum"]
        window.go_home()

    drive(script, is_first=True)
    assert Keys().check_phrase(kept["words"]) and opened == []

    def again(window):
        yield lambda: window.keeper.has_pin
        assert window.pages.currentWidget() is window.start_page and not window.keeper.is_open
        assert window.start_page.notice.text == ""

    drive(again, is_first=True)


def words_of(page):
    return " ".join(one.text() for one in page.findChildren(QLabel) if one.isVisibleTo(page))


def test_who_leaves_before_the_pin_is_kept_is_asked_again_and_no_camera_opens(drive, home, opened):
    def script(window):
        page, start = window.first_page, window.start_page
        yield shows(window, page)
        for leaves_at in ("once", "name", "pin"):
            if leaves_at != "once":
                type_in(page.name, "Mum")
            if leaves_at == "pin":
                QTest.keyClicks(page.first, PIN)
            page.later_button.click()
            for way in (
                start.camera_card.click,
                lambda: start.wanted.emit("people"),
                start.actions_by_name["use_camera"].trigger,
            ):
                assert window.pages.currentWidget() is start
                way()
                assert window.pages.currentWidget() is page and page.step == 0
                assert not page.name.text() and not page.first.text()
                page.later_button.click()
            start.camera_card.click()

    drive(script, is_first=True)
    assert not has_pin() and opened == []

    def again(window):
        yield shows(window, window.first_page)

    drive(again, is_first=True)


def test_a_start_that_is_wanted_without_a_pin_leads_to_the_pin_and_opens_nothing(drive, home, opened):
    from emoasst_core.session.plan import SessionPlan

    def script(window):
        yield shows(window, window.first_page)
        window.show_page(window.set_up_page)
        window.set_up_page.start_wanted.emit("camera-1", "microphone-1", SessionPlan())
        assert window.pages.currentWidget() is window.first_page
        window.first_page.later_button.click()
        assert not window.live_page.is_busy

    drive(script, is_first=True)
    assert opened == []


def test_a_click_before_the_pin_is_known_of_waits_for_it(drive, home, opened):
    keep_pin()

    def script(window):
        assert window.keeper.has_pin is None and not window.keeper.is_open
        window.start_page.camera_card.click()
        assert window.pages.currentWidget() is window.start_page
        yield lambda: window.keeper.dialog is not None and window.keeper.dialog.isVisible()
        assert window.pages.currentWidget() is window.start_page

    drive(script, is_first=True)
    assert opened == []


def test_words_that_were_put_off_are_asked_for_at_the_next_start_after_the_pin(drive, home, opened):
    def script(window):
        yield shows(window, window.first_page)
        window.first_page.later_button.click()
        window.start_page.wanted.emit("people")
        yield from choose_pin(window)
        window.first_page.later_button.click()
        yield shows(window, window.people_page)  # it goes on with what was wanted

    def again(window):
        start = window.start_page
        yield lambda: "recovery phrase is not written down" in start.notice.text
        start.notice.main_button.click()
        yield lambda: window.keeper.dialog is not None and window.keeper.dialog.pin.isEnabled()
        type_in(window.keeper.dialog.pin, PIN)
        yield lambda: window.findChildren(PhraseDialog)
        (dialog,) = window.findChildren(PhraseDialog)
        dialog.main_button.click()
        dialog.typed.setPlainText(" ".join(dialog.words))
        dialog.main_button.click()
        yield lambda: not Keys().needs_phrase

    drive(script, is_first=True)
    drive(again, is_first=True)


def test_a_family_from_before_the_pin_is_led_to_it_and_loses_nothing(drive, home, opened):
    home.mkdir(parents=True)
    with Database(paths.database_path()) as database:
        for name, role in (("Leo", "child"), ("Grandma", "adult")):
            People(database).add(name, role)
    words = new_phrase()
    Keys().set_phrase(words)

    def script(window):
        page = window.first_page
        yield shows(window, page)
        yield lambda: page.name.text() == "Grandma"
        assert "One more thing" in page.title.text()
        page.main_button.click()
        type_in(page.first, PIN)
        type_in(page.second, PIN)
        yield shows(window, window.set_up_page)  # the words were written down long ago

    drive(script, is_first=True)
    assert has_pin() and names() == [("Leo", "child"), ("Grandma", "adult")] and Keys().check_phrase(words)


def test_what_is_no_pin_is_said_and_nothing_is_kept(drive, home, opened):
    def script(window):
        page = window.first_page
        yield shows(window, page)
        page.main_button.click()
        assert page.step == 0 and "nickname" in page.message.text()
        type_in(page.name, "Mum")
        assert not page.message.isVisible()
        for first, second, said in (("2468", "2469", "differ"), ("12", "12", "4 to 12 digits"), ("abcd", "abcd", "digits")):
            page.first.setText(first)
            page.second.setText(second)
            page.main_button.click()
            assert said in page.message.text() and page.message.isVisible()
        page.back_button.click()
        assert page.step == 0 and page.name.text() == "Mum"

    drive(script, is_first=True)
    assert not has_pin()


def test_the_adult_is_not_entered_where_the_pin_cannot_be_kept(home):
    from app.pages.first_start_page import keep_adult

    home.mkdir(parents=True)
    assert keep_adult(paths.database_path(), "Mum", PIN)
    with pytest.raises(GateError):
        keep_adult(paths.database_path(), "Stranger", "1357")
    assert names() == [("Mum", "adult")]


def test_a_locked_window_at_the_last_step_goes_to_the_start_and_the_pin_holds(drive, home, opened):
    def script(window):
        yield shows(window, window.first_page)
        yield from choose_pin(window)
        window.first_page.main_button.click()
        assert window.findChildren(PhraseDialog)
        window.keeper.lock()
        assert window.pages.currentWidget() is window.start_page and not window.keeper.is_open
        QApplication.processEvents()
        assert not [one for one in window.findChildren(PhraseDialog) if one.isVisible()]

    drive(script, is_first=True)


def test_a_recording_goes_on_while_the_pin_is_asked_for_and_is_there_again_after_it(drive, home, opened, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4", ("green",), seconds_each=30.0)

    def script(window):
        live = window.live_page
        yield lambda: live.cue.words == "Looks happy"
        window.actions_by_name["people"].trigger()
        assert window.pages.currentWidget() is window.first_page and live.is_busy
        window.first_page.later_button.click()
        assert window.pages.currentWidget() is live and live.stop_button.isEnabled()
        live.stop_button.click()
        yield shows(window, window.review_page)

    drive(script, "--recording", str(clip), is_first=True)


def test_who_has_no_session_yet_may_watch_the_example_and_is_not_offered_it_after_that(drive, home, opened):
    def script(window):
        start = window.start_page
        yield lambda: start.example_button.isVisible()
        start.example_button.click()
        yield lambda: window.live_page.picture.frame is not None and window._services.runner.status().frames_analysed > 5
        window._services.runner.stop()
        yield shows(window, window.review_page)
        window.go_home()
        yield lambda: start.sessions.rows
        assert start.example_button.isHidden()
        assert window._services.preferences.choices.last_folder == ""

    drive(script)
    assert opened == []
