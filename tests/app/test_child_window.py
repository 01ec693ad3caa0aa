"""The calm view for the child, on a machine with two screens (of Qt's offscreen platform)."""

import json
import os
import subprocess
import sys
from pathlib import Path

CHILD_SCREENS = """
import sys
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from app.child_window import ChildWindow
from app.preferences import Choices
from emoasst_core.cues.catalogue import Catalogue
app = QApplication(["test"])
first, second = QGuiApplication.screens()
child = ChildWindow(Catalogue.load())
child.follow(Choices(child_screen=second.name()))
app.processEvents()
assert child.isVisible() and child.isFullScreen() and child.screen() is second, child.screen().name()
child._screen_gone(second)
app.processEvents()
assert child.isVisible() and not child.isFullScreen() and child.screen() is first
assert first.availableGeometry().contains(child.geometry().center()), (first.geometry(), child.geometry())
child._screen_came(second)
app.processEvents()
assert child.screen() is second
child.follow(Choices(child_screen="gone"))
app.processEvents()
assert child.isVisible() and child.screen() is first
child.follow(Choices())
assert not child.isVisible()
print("fine")
"""


def test_the_childs_view_stands_on_the_second_screen_and_comes_back_when_that_goes(tmp_path, home):
    screens = [
        {"name": name, "x": x, "y": 0, "width": 1280, "height": 800, "logicalDpi": 96, "dpr": 1}
        for name, x in (("laptop", 0), ("table", 1280))
    ]
    (tmp_path / "screens.json").write_text(json.dumps({"screens": screens}))
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "QT_QPA_PLATFORM": f"offscreen:configfile={tmp_path / 'screens.json'}"}
    ran = subprocess.run([sys.executable, "-c", CHILD_SCREENS], env=environment, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "fine", ran.stderr
