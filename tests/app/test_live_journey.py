"""From the set-up page into a live session and out again, through the real `main()`: a film stands in for the camera."""

import logging

import pytest
from adult import choose_pin, go_to_set_up
from recordings import write_recording

from app.devices import Devices
from app.dialogs.device_dialog import DeviceDialog
from emoasst_core import paths
from emoasst_core.devices.cameras import CameraInfo
from emoasst_core.session.events import DeviceChanged, RunState
from emoasst_core.session.plan import SessionPlan
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.people import People
from emoasst_core.store.sessions import list_sessions


@pytest.fixture
def camera(tmp_path, home):
    choose_pin()
    return str(write_recording(tmp_path / "camera.avi", ("green", "red"), seconds_each=20.0))


def consents():
    with Database(paths.database_path()) as database:
        people = People(database)
        return {person.name: people.consents(person.person_id) for person in people.all()}


def plug_in(page, camera_id):
    page._watch.stop()
    page.devices.camera_box.insertItem(0, "A film", camera_id)
    page.devices.camera_box.setCurrentIndex(0)
    page.devices.microphone_box.setCurrentIndex(page.devices.microphone_box.findData(None))


def test_mum_is_named_agrees_is_recorded_takes_it_back_and_the_session_is_kept(drive, camera):
    def script(window):
        page, live = window.set_up_page, window.live_page
        yield from go_to_set_up(window)
        yield lambda: page.devices.camera_box.itemText(0) != "Looking …"
        plug_in(page, camera)
        page.place_box.setCurrentIndex(page.place_box.findData("eu"))
        mum = page.persons[0]
        mum.here.setChecked(True)
        mum.name.setText("Mum")
        assert not page.record_tick.isEnabled()
        mum.ticks["live"].setChecked(True)
        mum.ticks["record"].setChecked(True)
        assert not page.start_button.isEnabled() and page.place_note.isVisible() and "AI Act" in page.place_note.text()
        page.place_box.setCurrentIndex(page.place_box.findData("home"))
        assert page.record_tick.isEnabled() and not page.clips_tick.isEnabled()
        page.record_tick.setChecked(True)
        assert "Say this aloud" in page.keep_note.text()
        page.devices.try_button.click()
        yield lambda: page.devices.picture.frame is not None
        page.start_button.click()
        yield lambda: window.pages.currentWidget() is live
        assert not page.devices.is_trying
        yield lambda: live.cue.words == "Looks happy"
        assert live.recording_sign.is_on and live.camera_sign.is_on and not live.microphone_sign.is_on
        assert consents() == {"Mum": {"live", "record"}}
        assert len(window._services.runner.plan.people) == 1 and window._services.runner.plan.keeps_recording
        live.pause_button.click()
        yield lambda: live._state is RunState.PAUSED
        assert not live.camera_sign.is_on and not live.recording_sign.is_on
        live.notice.main_button.click()
        dialog = consent_dialog(window)
        (button,) = dialog.buttons.values()
        assert "Mum" in button.text()
        button.click()
        dialog.accept()
        yield lambda: consents() == {"Mum": frozenset()}
        assert not window._services.runner.plan.keeps_recording
        live.pause_button.click()
        yield lambda: live._state is RunState.RUNNING
        assert not live.recording_sign.is_on
        live.stop_button.click()
        yield lambda: window.pages.currentWidget() is not live

    drive(script)
    with Database(paths.database_path()) as database:
        assert len(list_sessions(database)) == 1


def consent_dialog(window):
    from app.dialogs.consent_dialog import ConsentDialog

    (dialog,) = [one for one in window.findChildren(ConsentDialog) if one.isVisible()]
    return dialog


def test_another_camera_can_be_chosen_when_the_one_in_use_is_lost(drive, camera, tmp_path, monkeypatch):
    other = str(write_recording(tmp_path / "other.avi", ("red",), seconds_each=30.0))
    found = Devices((CameraInfo(other, "The other one"),), (), ())
    monkeypatch.setattr("app.devices.find_devices", lambda: found)

    def script(window):
        live, runner = window.live_page, window._services.runner
        window.start_live(camera, None, SessionPlan())
        yield lambda: live.cue.words == "Looks happy"
        live.take(DeviceChanged("camera", "lost", "The camera was unplugged.", "Plug it in again."))
        assert not live.camera_sign.is_on and live.stop_button.isEnabled()
        live.notice.main_button.click()
        (dialog,) = [one for one in window.findChildren(DeviceDialog) if one.isVisible()]
        yield lambda: dialog.buttons
        assert dialog.buttons[0].text() == "Use The other one"
        dialog.buttons[0].click()
        yield lambda: live.cue.words == "Looks angry"
        yield lambda: live.camera_sign.is_on
        assert live.notice.text == ""
        runner.stop()
        yield lambda: window.pages.currentWidget() is not live

    drive(script)


def test_live_only_keeps_neither_picture_nor_sound(drive, camera):
    def script(window):
        page, live = window.set_up_page, window.live_page
        yield from go_to_set_up(window)
        yield lambda: page.devices.camera_box.itemText(0) != "Looking …"
        plug_in(page, camera)
        page.place_box.setCurrentIndex(page.place_box.findData("home"))
        page.persons[0].here.setChecked(True)
        page.persons[0].name.setText("Mum")
        page.persons[0].ticks["live"].setChecked(True)
        page.start_button.click()
        yield lambda: live.cue.words == "Looks happy"
        assert not live.recording_sign.is_on
        window.open_diagnostics()
        yield lambda: "State: running" in window.diagnostics_page.text.toPlainText()
        yield lambda: "Picture to faces: p50" in window.diagnostics_page.text.toPlainText()
        window.diagnostics_page.copy()
        window.go_home()
        assert window.pages.currentWidget() is live and live._state is RunState.RUNNING
        live.stop_button.click()
        yield lambda: window.pages.currentWidget() is not live

    drive(script)
    with Database(paths.database_path()) as database:
        assert MediaVault(database).recorded_sessions() == []
    assert not [path for path in paths.home().rglob("*") if path.suffix in (".mkv", ".webm", ".sealed", ".wav", ".jpg")]


def test_the_diagnostics_hold_no_name_and_no_path(drive, home):
    home.mkdir(parents=True, exist_ok=True)
    with Database(paths.database_path()) as database:
        People(database).add("Grandma", "adult")

    def script(window):
        yield lambda: window._services.people.names
        logging.getLogger("emoasst_core.test").error("cannot read %s of Grandma", paths.database_path())
        window.open_diagnostics()
        yield lambda: "cannot read" in window.diagnostics_page.text.toPlainText()
        text = window.diagnostics_page.text.toPlainText()
        assert "Grandma" not in text and str(paths.home()) not in text and "<name>" in text and "<path>" in text
        window.diagnostics_page.copy_button.click()

    drive(script)
