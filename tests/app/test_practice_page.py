"""Practice and trends in the real window."""

from datetime import UTC, datetime

from clip_session import save_unclear_session
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.pages.practice_page import earlier_text
from emoasst_core import paths
from emoasst_core.review.clip_answers import keep_answer
from emoasst_core.review.clip_collection import collect_clips
from emoasst_core.store.clips import ClipAnswer
from emoasst_core.store.database import Database
from emoasst_core.store.practice import PracticeRound, kept_rounds


def press(window, *keys):
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)


def answered_session(folder):
    session_id = save_unclear_session(folder)
    with Database(paths.database_path()) as database:
        for place, clip in enumerate(collect_clips(database, session_id)[:4]):
            emotion = ("joy", "fear")[place % 2]
            keep_answer(database, clip, "parent", ClipAnswer(clip.clip_id, "parent", emotion))
    return session_id


def rounds():
    with Database(paths.database_path()) as database:
        return [(one.num_alike, one.num_guessed) for one in kept_rounds(database)]


def play_a_round(window):
    page = window.practice_page
    page.enter()
    yield lambda: page.question.text() == "How does this person feel here?"
    assert page.bar.isVisible()
    for place in range(4):
        clip = page._clips[place]
        assert clip.answer not in page.told.text()
        shown = [name for name, button in page.pad.buttons.items() if button.isVisible()]
        assert sorted(shown) == sorted(clip.choices)
        press(window, Qt.Key.Key_2 if clip.answer == "joy" else Qt.Key.Key_5)
        assert page.told.text().startswith("You both say")
        press(window, Qt.Key.Key_N)
    assert page.question.text() == "That was the last one"


def test_clips_are_guessed_first_then_seen_and_no_score_is_kept_by_default(drive, tmp_path):
    answered_session(tmp_path)

    def script(window):
        window.open_practice()
        yield from play_a_round(window)
        assert window.practice_page.told.text() == "Well looked!" and not window.practice_page.bar.isVisible()
        yield lambda: True

    drive(script)
    assert rounds() == []


def test_an_adult_may_turn_scores_on_and_off_again(drive, tmp_path):
    answered_session(tmp_path)

    def script(window):
        window.open_practice()
        window.practice_page.score_tick.click()
        yield lambda: window._services.preferences.choices.keeps_practice_scores
        yield from play_a_round(window)
        assert window.practice_page.told.text() == "4 of 4 alike."
        yield lambda: rounds() == [(4, 4)]
        yield from play_a_round(window)
        yield lambda: window.practice_page.told.text().startswith("4 of 4 alike.\nBefore: 4 of 4 (")
        yield lambda: rounds() == [(4, 4), (4, 4)]
        window.practice_page.score_tick.click()
        yield lambda: rounds() == []

    drive(script)


def test_the_latest_scores_stand_first_and_old_ones_are_left_out():
    days = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in range(1, 8)]
    text = earlier_text([PracticeRound(day, day.day, 9) for day in days])
    assert text == "Before: 7 of 9 (07 Mar), 6 of 9 (06 Mar), 5 of 9 (05 Mar), 4 of 9 (04 Mar), 3 of 9 (03 Mar)."
    assert earlier_text([]) == ""


def test_without_answered_clips_the_page_says_what_to_do(drive):
    def script(window):
        window.start_page.more_buttons["practice"].click()
        yield lambda: "Answer some clips" in window.practice_page.told.text()
        assert not window.practice_page.bar.isVisible()  # nothing to play

    drive(script)


def test_sessions_over_time_stand_as_bars_and_as_a_table_and_open(drive, tmp_path):
    answered_session(tmp_path)

    def script(window):
        page = window.trends_page
        window.start_page.more_buttons["trends"].click()
        yield lambda: page.table.rowCount() == 1
        texts = [page.table.item(0, column).text() for column in range(6)]
        assert texts[1:3] == ["Breakfast.mp4", "5 min 00 s"] and texts[4] == "4"
        page.table.itemActivated.emit(page.table.item(0, 0))
        yield lambda: window.pages.currentWidget() is window.review_page

    drive(script)
