"""Every page and state as it looks: nothing clipped at 200 % text, with words 40 % longer, or read from the right.

Leaves the pictures in test-output/pages.
"""

import cv2
import numpy as np
import pytest
from album import Album, clipped, scrolls_sideways, settle
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QWidget

from app.dialogs.consent_dialog import ConsentDialog
from app.dialogs.pin_dialogs import AskPinDialog, SetPinDialog
from app.dialogs.settings_dialog import SettingsDialog
from app.theme import give_theme
from app.widgets.cue_card import CueCard
from emoasst_core import paths
from emoasst_core.datatypes import Cue, CueState, Frame
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import GateError
from emoasst_core.session.events import CueChanged, DeviceChanged, RunState, SlowChanged, StateChanged
from emoasst_core.session.plan import SessionPlan
from emoasst_core.store.database import Database
from emoasst_core.store.people import People

LONGER = 0.4  # how much longer other languages are
PLAN = SessionPlan(people=("p-00000001",), keeps_recording=True)
NAMES = {"p-00000001": "Mum"}


@pytest.fixture
def family(home):
    jpeg = cv2.imencode(".jpg", np.full((96, 96, 3), (120, 150, 190), np.uint8))[1].tobytes()
    home.mkdir(parents=True, exist_ok=True)
    with Database(paths.database_path()) as database:
        people = People(database)
        mum = people.add("Mum", "adult")
        for kind in ("live", "record"):
            people.grant(mum.person_id, kind)
        people.add_face(mum.person_id, np.ones(4, np.float32), "test", jpeg)
        people.add("Grandma Elisabeth", "adult")
        people.add("Leo", "child")


def lengthen(root):
    """A pseudo-language: the same words with 40 % more of them, accents included."""
    for card in root.findChildren(CueCard):
        card.say(pseudo(card.words or "Getting ready"), pseudo("Loading the model. This takes a few seconds."))
    for widget in root.findChildren(QWidget):
        if isinstance(widget.parent(), CueCard):
            continue
        if isinstance(widget, QLabel | QPushButton | QCheckBox) and widget.text() and not widget.text().startswith("["):
            text = widget.text()
            widget.setText(f"[{text}{'é' * max(1, round(LONGER * len(text)) - 2)}]" if " " not in text else pseudo(text))


def pseudo(text):
    extra = "wörd " * max(1, round(LONGER * len(text) / 5))
    return f"[{text} {extra.strip()}]"


@pytest.fixture
def album(output_folder):
    return Album(output_folder / "pages")


def frame(time_s=0.0):
    return Frame(time_s, np.full((480, 640, 3), (90, 110, 120), np.uint8))


def test_every_page_fits_in_both_themes_at_both_text_sizes(drive, family, album):
    def script(window):
        window.resize(1180, 780)
        page = window.set_up_page
        window.set_up_camera()
        yield lambda: len(page.persons) == 3
        for row in page.persons:
            row.here.setChecked(True)
        page.add_new()
        window.open_people()
        yield lambda: len(window.people_page.cards) == 3
        next(iter(window.people_page.cards.values())).ask_forget(True)
        window.open_diagnostics()
        yield lambda: "Hash of the encoders" in window.diagnostics_page.text.toPlainText()
        for _ in album.looks(window):
            for place, name in (("eu", "set-up-eu"), ("home", "set-up")):
                window.pages.setCurrentWidget(page)
                page.place_box.setCurrentIndex(page.place_box.findData(place))
                album.check(window, name)
            for step, name in enumerate(("first-name", "first-pin", "first-words")):
                window.pages.setCurrentWidget(window.first_page)
                window.first_page.enter()
                window.first_page.show_step(step)
                if step == 1:
                    window.first_page._say(GateError("The two PINs differ.", "Type the same digits twice."))
                settle()
                album.check(window, name)
            others = {"start": window.start_page, "people": window.people_page, "diagnostics": window.diagnostics_page}
            for name, other in others.items():
                window.pages.setCurrentWidget(other)
                album.check(window, name)
        window.go_home()

    drive(script)


def test_every_state_of_the_live_page_fits_and_nothing_moves_from_state_to_state(drive, album):
    places = {}

    def script(window):
        window.resize(1180, 780)
        live = window.live_page
        window.show_page(live)

        def note(name, most=4):
            settle()
            parts = (live.cue, live.picture, live.view._captions, *live.view.buttons, live.camera_sign, live.microphone_sign)
            parts += (live.recording_sign, live.view.slow_sign)
            place = tuple((part.mapTo(window, part.rect().topLeft()).toTuple(), part.size().toTuple()) for part in parts)
            places.setdefault(album.look, set()).add(place)
            album.check(window, f"live-{name}")
            visible = [button for button in live.findChildren(QPushButton) if button.isVisibleTo(live)]
            assert len(visible) <= most and set(live.view.buttons) <= set(visible)
            return visible

        for _, scale in album.looks(window):
            live.enter_live(True, True, PLAN, NAMES)
            assert len(note("loading")) == 3
            live.take(StateChanged(RunState.RUNNING))
            live.show_frame(frame())
            assert live.recording_sign.is_on and live.camera_sign.is_on and live.microphone_sign.is_on
            for emotion in EMOTIONS if scale == 1.0 else ():
                live.take(CueChanged(Cue(0.0, CueState.CLEAR, emotion, "p-00000001")))
                assert len(note(f"clear-{emotion}")) == 3
            for state, reason in ((CueState.UNSURE, ""), (CueState.CANT_SEE, "no face"), (CueState.CANT_HEAR, "too noisy")):
                live.take(CueChanged(Cue(0.0, state, reason=reason)))
                note(state.value.lower())
            live.take(CueChanged(Cue(0.0, CueState.MAYBE, "sadness", "p-00000001")))
            note("maybe-sadness")
            live.take(SlowChanged(True, 4.0))
            note("slow")
            live.take(
                DeviceChanged("camera", "lost", "The camera was unplugged.", "Plug it in again; it is used again by itself.")
            )
            assert not live.camera_sign.is_on and "unplugged" in live.notice.text
            note("camera-lost")
            live.take(DeviceChanged("microphone", "lost", "The microphone was unplugged.", "Check its plug."))
            assert not live.recording_sign.is_on and "Nothing is recorded now" in live.notice.text
            note("both-lost", most=5)
            live.take(DeviceChanged("microphone", "back", "The microphone is back."))
            live.take(DeviceChanged("camera", "back", "The camera is back."))
            assert live.camera_sign.is_on and live.notice.text == ""
            live.take(StateChanged(RunState.PAUSED))
            assert not live.recording_sign.is_on and not live.camera_sign.is_on
            note("paused")
            live.take(StateChanged(RunState.STOPPING))
            note("saving")
            live._state = RunState.IDLE
        window.go_home()
        yield lambda: True

    drive(script)
    assert {look: len(found) for look, found in places.items()} == dict.fromkeys(places, 1) and len(places) == 4


def test_dialogs_and_the_childs_view_fit(drive, family, album):
    def script(window):
        services = window._services
        yield lambda: services.people.names
        background, path = services.background, services.database_path
        dialogs = {
            "settings": SettingsDialog(services.preferences, True, window),
            "pin-choose": SetPinDialog(background, path, True, window),
            "pin-ask": AskPinDialog(background, path, "Locked: a session has ended.", window),
            "consent": ConsentDialog(list(services.people.names), services.people.names, window),
        }
        child = window.child_window
        for theme, scale in album.looks(window):
            for themed in (child, *dialogs.values()):
                give_theme(themed, theme)
            for name, dialog in dialogs.items():
                dialog.open()
                album.check(dialog, name)
                dialog.close()
            child.show()
            child.take(StateChanged(RunState.IDLE))
            album.check(child, "child-off")
            child.take(StateChanged(RunState.RUNNING))
            child.show_signs({"camera", "microphone", "recording"})
            for emotion in EMOTIONS if scale == 1.0 else ():
                child.take(CueChanged(Cue(0.0, CueState.CLEAR, emotion, "p-00000001")))
                album.check(child, f"child-{emotion}")
                assert 1 <= len(child.cue.words.split()) <= 3
            child.take(StateChanged(RunState.PAUSED))
            child.show_signs(frozenset())
            assert child.cue.words == "Paused"
            album.check(child, "child-paused")
            child.hide()

    drive(script)


@pytest.mark.parametrize("kind", ["longer", "from-the-right"])
def test_pages_fit_with_longer_words_and_read_from_the_right(drive, family, album, kind):
    application = QApplication.instance() or QApplication([])

    def script(window):
        window.resize(1180, 780)
        window.set_up_camera()
        yield lambda: len(window.set_up_page.persons) == 3
        window.set_up_page.persons[0].here.setChecked(True)
        window.open_people()
        yield lambda: len(window.people_page.cards) == 3
        own = (window.start_page, window.first_page, window.set_up_page, window.people_page, window.diagnostics_page)
        for page in (*own, window.live_page):
            window.pages.setCurrentWidget(page)
            if kind == "longer":
                lengthen(page)
                if page is window.live_page:
                    page.view.fit([button.text() for button in page.view.buttons])
            settle()
            name = f"{type(page).__name__}-{kind}"
            album.keep(window, name)
            assert (name, clipped(page)) == (name, [])
            assert (name, scrolls_sideways(page)) == (name, [])
        if kind == "from-the-right":
            live = window.live_page
            assert (
                live.cue.mapTo(window, live.cue.rect().topLeft()).x()
                < live.picture.mapTo(window, live.picture.rect().topLeft()).x()
            )
        window.pages.setCurrentWidget(window.start_page)

    if kind == "from-the-right":
        application.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        drive(script)
    finally:
        application.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
