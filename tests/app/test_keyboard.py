"""The window by keyboard and by wheel: Return presses, Tab goes down the page, scrolling changes nothing."""

from adult import asked, choose_pin, go_to_set_up, type_pin
from clip_session import save_unclear_session
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.dialogs.settings_dialog import SettingsDialog
from emoasst_core import paths
from emoasst_core.store.database import Database
from emoasst_core.store.people import People


def test_return_presses_the_button_that_has_the_keyboard(drive):
    def script(window):
        page = window.first_page
        yield lambda: window.pages.currentWidget() is page
        QTest.keyClicks(page.name, "Mum")
        page.main_button.setFocus()
        QTest.keyClick(page.main_button, Qt.Key.Key_Return)
        assert page.step == 1
        page.back_button.setFocus()
        QTest.keyClick(page.back_button, Qt.Key.Key_Enter)
        assert page.step == 0

    drive(script, is_first=True)


def test_tab_goes_through_the_people_before_the_button_below_them(drive):
    choose_pin()
    with Database(paths.database_path()) as database:
        for name in ("Mum", "Gran"):
            People(database).add(name, "adult")

    def script(window):
        page = window.set_up_page
        yield from go_to_set_up(window)
        yield lambda: len(page.persons) == 2 and page.persons[1].here.isVisible()
        page.persons[0].here.setChecked(True)
        page.place_box.setFocus()
        passed = []
        while window.focusWidget() is not page.add_button and len(passed) < 30:
            QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
            passed.append(window.focusWidget())
        mum, gran = page.persons
        assert passed == [mum.here, *mum.ticks.values(), gran.here, page.add_button]
        window.go_home()

    drive(script)


def scroll_over(box):
    middle = QPointF(box.rect().center())
    turn = QWheelEvent(
        middle, QPointF(box.mapToGlobal(middle.toPoint())), QPoint(0, 0), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, turn)


def test_whoever_scrolls_past_a_setting_does_not_change_it(drive):
    choose_pin()

    def script(window):
        yield lambda: window.keeper.has_pin
        before = window._services.preferences.choices
        window.dialogs.settings()
        (dialog,) = window.findChildren(SettingsDialog)
        for box in (dialog.lock_box, dialog.video_box, dialog.clip_box, dialog.theme_box):
            box.setFocus()
            scroll_over(box)
        assert window._services.preferences.choices == before
        QTest.keyClick(dialog.lock_box, Qt.Key.Key_Down)  # by key it is changed
        assert window._services.preferences.choices != before
        dialog.reject()

    drive(script)


def test_the_sessions_are_listed_as_soon_as_the_pin_was_typed_for_anything(drive, tmp_path):
    save_unclear_session(tmp_path)
    choose_pin()

    def script(window):
        start = window.start_page
        yield lambda: window.keeper.has_pin
        assert start.sessions.rows == []
        window.actions_by_name["settings"].trigger()
        yield asked(window)
        type_pin(window)
        yield lambda: start.sessions.rows
        assert start.more_buttons["lock"].isVisibleTo(start)

    drive(script)


def test_what_gets_the_keyboard_is_scrolled_to_also_from_a_button_outside(drive):
    def script(window):
        window.dialogs.settings()
        (dialog,) = window.findChildren(SettingsDialog)
        dialog.resize(dialog.width(), 420)
        yield lambda: dialog.height() == 420
        assert not seen_whole(dialog.erase_button)
        dialog.theme_box.setFocus()
        QTest.keyClick(dialog.theme_box, Qt.Key.Key_Backtab)
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Backtab)
        assert dialog.focusWidget() is dialog.erase_button
        yield lambda: seen_whole(dialog.erase_button)
        dialog.reject()

    drive(script)


def seen_whole(widget):
    return widget.visibleRegion().boundingRect().height() == widget.height()
