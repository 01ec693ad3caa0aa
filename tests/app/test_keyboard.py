"""The window without a mouse: Return presses, Tab goes down the page."""

from adult import choose_pin, go_to_set_up
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

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
        yield lambda: len(page.persons) == 2
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
