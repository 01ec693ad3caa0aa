"""Finding one's way through a long session by keyboard alone."""

import pytest
from clip_session import save_unclear_session
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea

from app.dialogs.export_dialog import ExportDialog
from app.item_models.timeline_model import Lane


def press(window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(window.focusWidget() or window, key, modifiers)


def test_emotions_words_and_chapters_are_reached_by_key(drive, tmp_path):
    session_id = save_unclear_session(tmp_path, num_utterances=150)

    def script(window):
        review = window.review_page
        window.open_session(session_id)
        yield lambda: review.model.rowCount() > 0 and review.finder.chapters
        chapters = review.finder.chapters
        assert len(chapters) == 3 and review.finder.chapter == 0
        timeline = review.view.timeline
        assert timeline.time_of(timeline.names_px) == pytest.approx(0.0)
        assert timeline.time_of(timeline.width()) == pytest.approx(chapters[0].end_s, abs=4)
        press(window, Qt.Key.Key_BracketRight)
        assert review.player.position_s == chapters[1].start_s
        assert timeline.time_of(timeline.names_px) == pytest.approx(chapters[1].start_s)
        press(window, Qt.Key.Key_BracketLeft)
        assert review.player.position_s == 0.0
        review.view.find.emotion_box.setCurrentIndex(review.view.find.emotion_box.findData("fear"))
        fearful = sorted({row.start_s for row in review.model.rows if row.emotion == "fear"})
        for start_s in fearful[:3]:
            press(window, Qt.Key.Key_J)
            assert review.player.position_s == start_s
        press(window, Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier)
        assert review.player.position_s == fearful[1]
        press(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        assert review.view.find.words_edit.hasFocus()
        QTest.keyClicks(review.view.find.words_edit, "you WERE")
        QTest.keyClick(review.view.find.words_edit, Qt.Key.Key_Return)
        assert review.view.find.found.text() == "150 places"
        here = [row.text for row in review.model.rows if row.lane is Lane.WORDS and row.start_s == review.player.position_s]
        assert here == ["you"]
        before_s = review.player.position_s
        press(window, Qt.Key.Key_F3)
        assert review.player.position_s > before_s
        review.view.find.words_edit.setText("elephant")
        press(window, Qt.Key.Key_F3)
        assert review.view.find.found.text() == "These words were not found."

    drive(script)
    assert drive.exit_code == 0


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_review_never_scrolls_sideways_even_with_large_text(drive, tmp_path, scale):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        window.resize(1180, 780)
        window._services.preferences.change(text_scale=scale)
        for page, opens in ((window.review_page, window.open_session), (window.answer_page, window.open_answers)):
            opens(session_id)
            yield lambda page=page: page is not window.review_page or page.model.rowCount() > 0
            if page is window.answer_page:
                yield lambda: window.answer_page.view.begin_button.isVisible()
                page.begin()
                page.view.pad.choose("something_else")
            for _ in range(5):
                yield lambda: True
            (area,) = [part for part in page.findChildren(QScrollArea) if part.isVisible()]
            assert area.horizontalScrollBar().maximum() == 0, (type(page).__name__, area.widget().minimumSizeHint())
        window._services.preferences.change(text_scale=1.0)

    drive(script)


def test_a_session_is_saved_for_others_without_names_unless_they_are_ticked(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        review = window.review_page
        window.open_session(session_id)
        yield lambda: review.view.clips_button.text() == "Answer 8 clips"
        for keeps_names in (False, True):
            if keeps_names:
                review.view.export_button.click()  # the dialog before took the keyboard with it here, without a window manager
            else:
                press(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
            yield lambda: review.findChildren(ExportDialog)
            (dialog,) = review.findChildren(ExportDialog)
            dialog.kind_box.setCurrentIndex(dialog.kind_box.findData("json"))
            dialog.names_tick.setChecked(keeps_names)
            path = tmp_path / f"{keeps_names}.json"
            dialog.save(path)
            yield path.exists
            assert ("Breakfast" in path.read_text("utf-8")) == keeps_names
            yield lambda: not review.findChildren(ExportDialog)

    drive(script)


def test_on_the_smallest_window_the_review_does_not_scroll_at_all(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        window.resize(1024, 700)
        window.open_session(session_id)
        yield lambda: window.review_page.view.picture.frame is not None
        for _ in range(5):
            yield lambda: True
        (area,) = [part for part in window.review_page.findChildren(QScrollArea) if part.isVisible()]
        assert window.height() == 700
        assert area.verticalScrollBar().maximum() == area.horizontalScrollBar().maximum() == 0

    drive(script)
    assert drive.exit_code == 0
