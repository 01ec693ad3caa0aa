"""The clips of a session in the real window: asked, answered by one key each, undone, and left half way."""

import pytest
from clip_session import save_unclear_session
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.widgets.text import Button
from emoasst_core import paths
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.round_check import RoundReport
from emoasst_core.store.clips import Clips
from emoasst_core.store.database import Database
from emoasst_core.store.kept_shots import kept_marks
from emoasst_core.store.shots import list_shots


def learned():
    with Database(paths.database_path()) as database:
        return [(EMOTIONS[int(record.shot.label.argmax())], record.utterance_number) for record in list_shots(database)]


def waiting(session_id):
    with Database(paths.database_path()) as database:
        return len(Clips(database).pending(session_id))


def press(window, *keys):
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)


def opened(window, session_id):
    window.open_answers(session_id)
    return lambda: window.answer_page.view.begin_button.isVisible()


def test_eight_clips_are_answered_with_one_key_each_undone_and_redone(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        page, view = window.answer_page, window.answer_page.view
        yield opened(window, session_id)
        assert view.count.text() == "8 short clips, about 3 min"
        press(window, Qt.Key.Key_Space)
        assert view.progress.text() == "Clip 1 of 8"
        yield lambda: view.picture.frame is not None and page.player.is_playing
        asked = [question.clip.utterance_number for question in page._questions]
        for place in range(8):
            assert view.progress.text() == f"Clip {place + 1} of 8"
            press(window, Qt.Key.Key_2)
        assert view.panels.currentWidget() is view.ending
        assert view.thanks.text() == "8 of 8 answered"
        yield lambda: learned() == [("joy", number) for number in asked]
        yield lambda: "8 answers of your family" in view.changed.text()
        assert view.panels.minimumSizeHint() == view.ending.minimumSizeHint()  # a hidden question must not make it scroll
        assert view.asking.minimumSizeHint().height() > view.ending.minimumSizeHint().height()
        for _ in range(8):
            page.stack.undo()
        yield lambda: learned() == [] and waiting(session_id) == 8
        assert view.progress.text() == "Clip 1 of 8"
        assert view.redo_button.accessibleName() == "Redo “happy” for clip 1"
        page.stack.redo()
        yield lambda: learned() == [("joy", asked[0])]

    drive(script)
    assert drive.exit_code == 0


def test_the_guess_and_its_confidence_stay_hidden_until_the_answer(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        page, view = window.answer_page, window.answer_page.view
        yield opened(window, session_id)
        page.begin()
        question = page.question
        offered = [answer for answer, button in view.pad.buttons.items() if button.isVisible()]
        assert set(offered) == {*question.likeliest, "cant_tell", "something_else"}
        assert len(question.likeliest) == 3
        texts = [part.text() for part in page.findChildren(type(view.last)) if part.isVisible()]
        assert not [text for text in texts if "%" in text or "guessed" in text]
        press(window, Qt.Key.Key_0)
        assert "The program had guessed: " in view.last.text() and "45% sure" in view.last.text()

    drive(script)


def test_something_else_shows_all_and_then_means_none_of_these(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        page, view = window.answer_page, window.answer_page.view
        yield opened(window, session_id)
        page.begin()
        press(window, Qt.Key.Key_8)
        assert view.progress.text() == "Clip 1 of 8"
        assert all(button.isVisible() for button in view.pad.buttons.values())
        assert view.pad.buttons["something_else"].accessibleName() == "None of these, key 8"
        press(window, Qt.Key.Key_8)
        assert view.progress.text() == "Clip 2 of 8"
        press(window, Qt.Key.Key_0)
        yield lambda: waiting(session_id) == 6
        assert learned() == []

    drive(script)


def test_what_told_and_how_sure_go_with_the_answer_and_stopping_keeps_it(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)
    kept = {}

    def script(window):
        page, view = window.answer_page, window.answer_page.view
        yield opened(window, session_id)
        page.begin()
        clip = page.question.clip
        press(window, Qt.Key.Key_U, Qt.Key.Key_V, Qt.Key.Key_W, Qt.Key.Key_3)
        assert not view.unsure_button.isChecked() and not view.told_buttons["words"].isChecked()
        press(window, Qt.Key.Key_Escape)
        assert view.thanks.text() == "1 of 8 answered"
        yield lambda: waiting(session_id) == 7
        with Database(paths.database_path()) as database:
            kept["answer"] = Clips(database).answers([clip.clip_id])[clip.clip_id][0]
        view.done_timeline_button.click()
        yield lambda: window.pages.currentWidget() is window.review_page
        yield lambda: window.review_page.model.rowCount() > 0
        window.open_answers(session_id)
        yield lambda: view.count.text() == "7 short clips, about 2 min"
        window.go_home()
        yield lambda: [row for row in window.start_page.sessions.rows if "1 answered, 7 to go" in row.accessibleName()]

    drive(script)
    said = kept["answer"]
    assert (said.labeller, said.answer, said.is_sure, said.told_by) == ("parent", "sadness", False, "words")


def test_a_second_adult_is_asked_too_and_disagreement_stays_soft(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        page, view = window.answer_page, window.answer_page.view
        yield opened(window, session_id)
        page.begin()
        press(window, Qt.Key.Key_2, Qt.Key.Key_Escape)
        yield lambda: waiting(session_id) == 7
        window.open_answers(session_id)
        yield lambda: "7 short" in view.count.text()
        view.adult_box.setCurrentIndex(1)
        yield lambda: "8 short" in view.count.text()
        assert page.labeller == "second adult"
        page.begin()
        press(window, Qt.Key.Key_5)
        yield lambda: soft_labels() == [{"joy": 0.5, "fear": 0.5}]

    drive(script)


def soft_labels():
    with Database(paths.database_path()) as database:
        labels = [record.shot.label for record in list_shots(database)]
    return [{name: float(share) for name, share in zip(EMOTIONS, label, strict=True) if share} for label in labels]


def test_a_clip_is_stepped_slowed_and_replayed_by_key(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        page, view = window.answer_page, window.answer_page.view
        yield opened(window, session_id)
        page.begin()
        press(window, Qt.Key.Key_H)
        assert page.player.rate == 0.5
        yield lambda: page.player.position_s > page.question.clip.start_s + 0.2
        press(window, Qt.Key.Key_Space)
        assert not page.player.is_playing
        press(window, Qt.Key.Key_R)
        assert page.player.is_playing and page.player.position_s < page.question.clip.start_s + 0.2
        yield lambda: view.picture.frame is not None
        press(window, Qt.Key.Key_Comma)
        yield lambda: view.picture.frame.time_s <= 1.9

    drive(script)


def said_of(session_id):
    with Database(paths.database_path()) as database:
        store = Clips(database)
        answers = store.answers([clip.clip_id for clip in store.all(session_id)])
        return {answer.clip_id: answer.answer for said in answers.values() for answer in said}


def test_clips_that_disagree_are_asked_about_again_and_nothing_else_is(drive, tmp_path):
    session_id = save_unclear_session(tmp_path)

    def script(window):
        page, view = window.answer_page, window.answer_page.view
        yield opened(window, session_id)
        press(window, Qt.Key.Key_Space)
        asked = [question.clip for question in page._questions]
        for _ in asked:
            press(window, Qt.Key.Key_2)
        yield lambda: "8 answers of your family" in view.changed.text()
        with Database(paths.database_path()) as database:
            shots = {record.utterance_number: record.shot.shot_id for record in list_shots(database)}
        doubted = {shots[asked[2].utterance_number]: "sadness", shots[asked[5].utterance_number]: "fear"}
        page.ending._list(RoundReport(("2 clips disagree with the others: check?",), (), doubtful=doubted))
        (button,) = [one for one in view.ending.findChildren(Button) if one.text() == "Check these clips"]
        button.click()
        yield lambda: view.progress.text() == "Clip 1 of 2" and view.picture.frame is not None
        assert [question.clip.clip_id for question in page._questions] == [asked[2].clip_id, asked[5].clip_id]
        assert "You said “happy”. The other clips speak for “sad”." in view.doubt.text() and view.doubt.isVisible()
        assert page.player.position_s >= asked[2].start_s - 0.1
        assert {"joy", "sadness"} <= {answer for answer, button in view.pad.buttons.items() if button.isVisible()}
        press(window, Qt.Key.Key_2)  # kept
        assert "speak for “afraid”" in view.doubt.text() or "speak for “scared”" in view.doubt.text()
        press(window, Qt.Key.Key_3)  # changed
        yield lambda: said_of(session_id)[asked[5].clip_id] == "sadness"
        assert said_of(session_id)[asked[2].clip_id] == "joy"
        assert view.thanks.text() == "2 of 2 answered"
        with Database(paths.database_path()) as database:
            assert set(kept_marks(database)) == {shots[asked[2].utterance_number]}
        assert page.stack.undoText() == "“sad” for clip 2"
        page.stack.undo()
        yield lambda: said_of(session_id)[asked[5].clip_id] == "joy"
        assert view.progress.text() == "Clip 2 of 2" and len(learned()) == 8
        press(window, Qt.Key.Key_3)
        window.open_answers(session_id)
        yield lambda: view.count.text() == "No clip waits"
        assert page.checking.questions == ()

    drive(script)
    assert drive.exit_code == 0


@pytest.mark.parametrize(("is_marked", "said"), [(True, "Keep clips"), (False, "nothing to look at again")])
def test_a_session_of_which_nothing_is_kept_says_why_no_clip_waits(is_marked, said, drive, tmp_path):
    marks_s = (2.0,) if is_marked else ()
    session_id = save_unclear_session(tmp_path, with_recording=False, num_utterances=1, marks_s=marks_s)

    def script(window):
        view = window.answer_page.view
        window.open_answers(session_id)
        yield lambda: view.count.text() == "No clip waits"
        assert said in view.promise.text() and "answered" not in view.promise.text()

    drive(script)
