"""What holds for every page: names, sizes, places, consent before the camera, nothing left behind, nothing heavy loaded."""

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QPushButton
from recordings import write_recording

from app.main_window import MainWindow
from app.theme import TARGET_PX
from emoasst_core.session.events import RunState


def test_the_controls_never_move_from_state_to_state(drive, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4", ("green",), seconds_each=4.0)
    places, states = set(), []

    def script(window):
        live = window.live_page
        buttons = (live.mark_button, live.pause_button, live.stop_button)

        def note():
            live.layout().activate()  # without letting events in: the state must not change under the look
            states.append(live._state)
            places.add(tuple(button.geometry().getRect() for button in buttons))

        window.show_page(live)
        yield lambda: live.width() == window.width()
        window.open_recording(clip)
        note()
        yield lambda: live.cue.words == "Looks happy"
        note()
        live.mark_button.click()
        live.pause_button.click()
        yield lambda: live.cue.words == "Paused"
        note()
        assert live.pause_button.text() == "Go on" and not live.playing_sign.is_on
        live.pause_button.click()
        yield lambda: live._state is RunState.RUNNING
        note()
        live.stop_button.click()
        note()
        yield lambda: window.pages.currentWidget() is window.review_page
        assert all(button.height() >= TARGET_PX for button in buttons)

    drive(script)
    assert len(places) == 1
    assert {RunState.LOADING, RunState.RUNNING, RunState.PAUSED} <= set(states)


def test_the_camera_stays_off_until_everyone_here_is_named_and_agreed(drive):
    def script(window):
        page = window.set_up_page
        window.set_up_camera()
        yield lambda: page.devices.camera_box.itemText(0) != "Looking …"
        page.devices.camera_box.insertItem(0, "A camera", "camera-1")
        page.devices.camera_box.setCurrentIndex(0)
        page.place_box.setCurrentIndex(page.place_box.findData("home"))
        anna = page.persons[0]
        assert not page.start_button.isEnabled() and not page.devices.try_button.isEnabled()
        anna.here.setChecked(True)
        anna.name.setText("Anna")
        assert not page.start_button.isEnabled()
        anna.ticks["live"].setChecked(True)
        assert page.start_button.isEnabled() and page.devices.try_button.isEnabled()
        page.add_button.click()
        assert not page.start_button.isEnabled()
        page.persons[1].name.setText("Ben")
        assert page.start_button.isEnabled()
        page.devices.camera_box.setCurrentIndex(page.devices.camera_box.findData(None))
        page.devices.microphone_box.setCurrentIndex(page.devices.microphone_box.findData(None))
        assert not page.start_button.isEnabled()
        page.enter()
        assert not [row for row in page.persons if row.here.isChecked()]
        yield lambda: True

    drive(script)


def test_everything_that_can_be_pressed_has_a_name_a_size_and_is_reached_by_keyboard(drive, tmp_path):
    def script(window):
        yield lambda: window.start_page.isVisible()
        for page in (window.start_page, window.first_page, window.set_up_page, window.live_page, window.review_page):
            window.show_page(page)
            yield lambda: True
            buttons = [button for button in page.findChildren(QAbstractButton) if button.isVisibleTo(page) and button.parent()]
            named = [button for button in buttons if isinstance(button, QPushButton)]
            assert named
            for button in named:
                assert button.accessibleName() or button.text(), button
                assert button.height() >= TARGET_PX, button.text()
                assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.text()
            for text in page.findChildren(QLabel):
                assert text.font().pixelSize() >= 16 or not text.isVisible()
        window.go_home()

    drive(script)


def test_opening_and_closing_the_window_leaves_no_widget_behind(drive):
    def script(window):
        window.dialogs.settings()
        yield lambda: True

    drive(script)
    before = len(QApplication.allWidgets())
    drive(script)
    drive(script)
    assert len(QApplication.allWidgets()) <= before
    assert not [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)]


def test_the_windows_process_loads_no_model_library(tmp_path):
    program = (
        "import sys, app.application, app.main_window; "
        "heavy = {'torch', 'cv2', 'transformers', 'open_clip', 'faster_whisper', 'onnxruntime', 'av'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
