"""The real `main()`, driven through its widgets, with recordings and a real model process."""

import os
import signal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from recordings import write_recording, write_sound

from emoasst_core import paths
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session, list_sessions
from emoasst_core.store.shots import list_shots


def shots():
    with Database(paths.database_path()) as database:
        return [(int(record.shot.label.argmax()), record.utterance_number) for record in list_shots(database)]


def labels(session_id):
    with Database(paths.database_path()) as database:
        return {row.number: row.label for row in get_session(database, session_id).utterances if row.label}


def reaches(window, page):
    return lambda: window.pages.currentWidget() is page


def press(window, *keys):
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)


def test_a_recording_is_watched_corrected_and_found_again(drive, tmp_path):
    clip = write_recording(tmp_path / "Breakfast.mp4", ("green", "red", "dark"), seconds_each=1.0)
    seen = {}

    def script(window):
        live, review = window.live_page, window.review_page
        yield lambda: live.picture.frame is not None and live.picture.faces
        assert live.picture.faces[0].person == "person 1"
        yield lambda: live.cue.words == "Looks happy"
        yield lambda: "word1" in live.words.text()
        yield lambda: live.cue.words == "Looks angry"
        yield lambda: live.cue.words == "No face"
        yield reaches(window, review)
        yield lambda: review.view.picture.frame is not None
        assert review.view.pad.buttons["joy"].accessibleName() == "Happy, key 2"
        press(window, Qt.Key.Key_6)
        yield lambda: paths.database_path().exists() and shots() == [(5, 1)]
        assert review.view.undo_button.accessibleName() == "Undo “surprised” at 0:00.0"
        press(window, Qt.Key.Key_Down, Qt.Key.Key_3, Qt.Key.Key_Down, Qt.Key.Key_0)
        yield lambda: shots() == [(5, 1), (2, 2)] and labels(review._session_id) == {1: "surprise", 2: "sadness", 3: "cant_tell"}
        review.stack.undo()
        review.stack.undo()
        yield lambda: shots() == [(5, 1)] and labels(review._session_id) == {1: "surprise"}
        review.stack.undo()
        yield lambda: shots() == []
        review.stack.redo()
        yield lambda: shots() == [(5, 1)]
        seen["texts"] = [review.stack.text(number) for number in range(review.stack.count())]
        window.go_home()
        yield lambda: window.start_page.sessions.rows
        assert "Breakfast.mp4" in window.start_page.sessions.rows[0].accessibleName()
        assert "1 answered" in window.start_page.sessions.rows[0].accessibleName()
        window.start_page.sessions.rows[0].click()
        yield lambda: review.model.rowCount() > 0
        assert review.model.utterance(1).label == "surprise"

    drive(script, "--recording", str(clip))
    assert drive.exit_code == 0
    assert seen["texts"] == ["“surprised” at 0:00.0", "“sad” at 0:00.5", "“can’t tell” at 0:01.0"]


def test_the_player_goes_by_part_by_picture_by_second_and_by_row(drive, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4", ("green", "red"), seconds_each=1.0)

    def script(window):
        review = window.review_page
        yield reaches(window, review)
        yield lambda: review.view.picture.frame is not None
        press(window, Qt.Key.Key_Period)
        yield lambda: review.view.picture.frame.time_s == pytest.approx(0.1)
        assert review.player.position_s == pytest.approx(0.1)
        press(window, Qt.Key.Key_Right)
        yield lambda: review.view.picture.frame.time_s == pytest.approx(1.1)
        press(window, Qt.Key.Key_Comma)
        yield lambda: review.view.picture.frame.time_s == pytest.approx(1.0)
        press(window, Qt.Key.Key_Up)
        assert review.player.position_s == pytest.approx(0.5)
        press(window, Qt.Key.Key_H, Qt.Key.Key_Space)
        assert review.player.is_playing and review.player.rate == 0.5
        yield lambda: review.player.position_s > 0.8
        press(window, Qt.Key.Key_Space)
        assert not review.player.is_playing
        press(window, Qt.Key.Key_T)
        review.view.table.selectRow(review.model.rowCount() - 1)
        assert review.player.position_s == review.model.rows[-1].start_s
        review.view.table.selectRow(0)
        press(window, Qt.Key.Key_Down)
        assert review.view.table.currentIndex().row() == 1

    drive(script, "--recording", str(clip))


def test_a_killed_model_process_is_said_and_the_session_goes_on(drive, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4", ("green", "red"), seconds_each=3.0)

    def script(window):
        live, runner = window.live_page, window._services.runner
        yield lambda: live.cue.words == "Looks happy"
        os.kill(runner.worker_process_id, signal.SIGKILL)
        yield lambda: live.cue.words == "Getting ready"
        yield lambda: live.cue.words == "Looks angry"
        yield reaches(window, window.review_page)

    drive(script, "--recording", str(clip))


@pytest.mark.parametrize("name", ["missing.mp4", "text.mp4"])
def test_a_file_that_cannot_be_read_is_said_in_the_page_with_a_next_step(drive, tmp_path, name):
    path = tmp_path / name
    if name == "text.mp4":
        path.write_text("this is no film " * 40)

    def script(window):
        notice = window.live_page.notice
        yield lambda: name in notice.text
        assert "Traceback" not in notice.text and notice.other_button.isVisible()
        notice.other_button.click()
        yield reaches(window, window.start_page)

    drive(script, "--recording", str(path))
    assert drive.exit_code == 0


def test_missing_models_are_said_in_the_page(drive, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4")

    def script(window):
        yield lambda: "There are no models called nothing. Install them first." in window.live_page.notice.text

    drive(script, "--recording", str(clip), "--profile", "nothing", factory="colour_pipeline:refuse")


def test_sound_alone_can_be_opened_and_reviewed(drive, tmp_path):
    clip = write_sound(tmp_path / "voice.wav", 1.4)

    def script(window):
        yield reaches(window, window.review_page)
        yield lambda: window.review_page.model.rowCount() > 0
        yield lambda: "no picture" in window.review_page.view.picture.accessibleDescription()

    drive(script, "--recording", str(clip))


def test_closing_the_window_in_a_session_keeps_what_was_found(drive, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4", ("green",), seconds_each=20.0)

    def script(window):
        yield lambda: "word1" in window.live_page.words.text()
        window.close()

    drive(script, "--recording", str(clip))
    with Database(paths.database_path()) as database:
        assert len(list_sessions(database)) == 1


def test_a_recording_that_was_moved_leaves_timeline_and_answers(drive, tmp_path):
    clip = write_recording(tmp_path / "clip.mp4")

    def script(window):
        review = window.review_page
        yield reaches(window, review)
        yield lambda: review.model.rowCount() > 0
        clip.rename(tmp_path / "elsewhere.mp4")
        window.open_session(review._session_id)
        yield lambda: "not at" in review.view.notice.text
        press(window, Qt.Key.Key_4)
        yield lambda: shots() == [(3, 1)]

    drive(script, "--recording", str(clip))
