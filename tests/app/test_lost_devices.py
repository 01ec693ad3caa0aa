"""Camera and microphone that go and come back while a session is recorded: what the signs and the message say of it."""

import pytest

from app.device_words import DEVICES, device_words, is_recording
from emoasst_core import paths
from emoasst_core.session.events import DeviceChanged
from emoasst_core.session.live_intake import LiveIntake
from emoasst_core.session.plan import SessionPlan
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from tests.faults.live_session import RATE_HZ, Camera, Microphone

PLANS = {
    "live only": SessionPlan(("p-00000001",)),
    "recorded": SessionPlan(("p-00000001",), keeps_recording=True),
    "clips": SessionPlan(("p-00000001",), keeps_clips=True),
}
GONE = {kind: DeviceChanged(kind, "lost", f"The {kind} was unplugged.", "Check its plug.") for kind in DEVICES}
FULL = {"recording": DeviceChanged("recording", "lost", "The disk is full.", "Free some space.")}
BOTH = {"camera", "microphone"}


@pytest.fixture(autouse=True)
def all_plugged_in():
    Camera.fault = Microphone.fault = ""
    yield
    Camera.fault = Microphone.fault = ""


def test_the_recording_sign_goes_out_when_both_are_gone_and_comes_back_with_the_first(drive):
    plan = PLANS["recorded"]

    def script(window):
        live, runner = window.live_page, window._services.runner

        def childs_signs():
            return [name for name, sign in window.child_window.signs.items() if sign.is_on]

        window.show_page(live)
        live.enter_live(True, True, plan, {})
        assert childs_signs() == []
        runner.start_intake(LiveIntake(Camera, Microphone, RATE_HZ), plan)
        yield lambda: live.cue.words == "Looks happy" and live.microphone_sign.is_on
        assert live.recording_sign.is_on and childs_signs() == ["camera", "microphone", "recording"]
        Camera.fault = "lost"
        yield lambda: not live.camera_sign.is_on
        assert live.recording_sign.is_on and "Only the sound is recorded now" in live.notice.text
        Microphone.fault = "lost"
        yield lambda: not live.microphone_sign.is_on
        assert not live.recording_sign.is_on and "Nothing is recorded now" in live.notice.text
        assert childs_signs() == [] and live.picture.frame is None and live.stop_button.isEnabled()
        live.pause_button.click()
        yield lambda: live.cue.words == "Paused"
        live.pause_button.click()
        yield lambda: "Nothing is recorded now" in live.notice.text  # said again after the pause
        Microphone.fault = ""
        yield lambda: live.microphone_sign.is_on
        assert live.recording_sign.is_on and "Only the sound is recorded now" in live.notice.text
        Camera.fault = ""
        yield lambda: live.camera_sign.is_on
        assert live.notice.text == "" and live.recording_sign.is_on
        yield lambda: live.picture.frame is not None
        live.stop_button.click()
        yield lambda: window.pages.currentWidget() is not live

    drive(script)
    with Database(paths.database_path()) as database:
        vault = MediaVault(database)
        (session_id,) = vault.recorded_sessions()
        assert vault.segments(session_id) and not vault.unfinished()
        gaps = database.rows("SELECT reason FROM gaps WHERE session_id = ?", (session_id,))
    assert {"camera lost", "microphone lost"} <= {row["reason"] for row in gaps}


def test_both_gone_offers_another_of_each(drive):
    def script(window):
        live, wanted = window.live_page, []
        live.device_wanted.disconnect()
        live.device_wanted.connect(wanted.append)
        window.show_page(live)
        live.enter_live(True, True, PLANS["recorded"], {})
        for event in GONE.values():
            live.take(event)
        live.notice.main_button.click()
        live.notice.other_button.click()
        assert wanted == ["camera", "microphone"]
        assert window.pages.currentWidget() is live
        yield lambda: True

    drive(script)


@pytest.mark.parametrize(
    ("uses", "lost", "plan", "said", "records"),
    [
        (BOTH, ("camera",), "recorded", "Only the sound is recorded now.", True),
        (BOTH, ("microphone",), "recorded", "Only the picture is recorded now.", True),
        (BOTH, ("microphone", "camera"), "recorded", "Nothing is recorded now.", False),
        (BOTH, ("microphone", "camera"), "clips", "Nothing is recorded now.", False),
        ({"camera"}, ("camera",), "recorded", "Nothing is recorded now.", False),
        ({"microphone"}, ("microphone",), "clips", "Nothing is recorded now.", False),
        (BOTH, ("camera",), "live only", "Only the voice is read now.", False),
        (BOTH, ("microphone",), "live only", "Only the face is read now.", False),
        (BOTH, ("microphone", "camera"), "live only", "Nothing is seen or heard now.", False),
    ],
)
def test_the_message_says_what_is_recorded_and_what_is_not(uses, lost, plan, said, records):
    words = device_words(uses, {kind: GONE[kind] for kind in lost}, PLANS[plan])
    assert words.message.endswith(said)
    assert words.devices == tuple(kind for kind in DEVICES if kind in lost)
    assert "by itself" in words.next_step and "plug" in words.next_step
    assert is_recording(uses, set(lost), PLANS[plan]) == records
    assert ("Stop keeps" in words.next_step) == (plan != "live only" and not records and len(lost) == 1)


def test_a_full_disk_is_not_called_a_recording_whatever_is_plugged_in():
    words = device_words(BOTH, FULL, PLANS["recorded"])
    assert words.message == "The disk is full. Nothing is recorded any more. Cues go on." and words.devices == ()
    assert not is_recording(BOTH, {"recording"}, PLANS["recorded"])
    words = device_words(BOTH, FULL | {"camera": GONE["camera"]}, PLANS["recorded"])
    assert "The disk is full." in words.message and words.message.endswith("Only the voice is read now.")
