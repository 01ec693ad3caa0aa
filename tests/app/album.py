"""Pictures of pages and dialogs in every look, and what may not be in them: cut words, sideways scrolling."""

from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QScrollArea, QWidget

from app.theme import THEMES, apply_theme
from app.widgets.status_sign import StatusSign


def clipped(root):
    """Words that do not fit into the widget that says them."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisibleTo(root) or not isinstance(widget, QLabel | QPushButton | QCheckBox) or not widget.text():
            continue
        if type(widget) not in (QLabel,) and not isinstance(widget, QPushButton | QCheckBox):
            continue  # elided on purpose
        policy = widget.sizePolicy().horizontalPolicy()
        if policy == policy.Ignored:
            continue
        if isinstance(widget, QLabel) and widget.wordWrap():
            fits = widget.height() >= widget.heightForWidth(widget.width()) - 1
        else:
            words = widget.fontMetrics().horizontalAdvance(widget.text())
            fits = widget.width() >= words - 1 and widget.height() >= widget.fontMetrics().height() - 1
        if not fits:
            found.append((widget.text()[:40], widget.size().toTuple()))
    return found


def cut_signs(root):
    return [
        sign.accessibleName()
        for sign in root.findChildren(StatusSign)
        if sign.isVisibleTo(root) and not sign.parentWidget().rect().contains(sign.geometry())
    ]


def scrolls_sideways(root):
    areas = [area for area in root.findChildren(QScrollArea) if area.isVisibleTo(root)]
    return [area for area in areas if area.horizontalScrollBar().maximum() > 0]


class Album:
    """Keeps the pictures. Themes are the outer loop, states the inner one: dressing the whole window anew is what takes time."""

    def __init__(self, folder):
        self.folder = folder
        self.look = ""
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, widget, name):
        settle()
        assert widget.grab().save(str(self.folder / f"{name}.png"))

    def looks(self, window):
        """(theme, text size): light and dark at both text sizes; back to the usual afterwards."""
        application, size = QApplication.instance(), window.size()

        def dress(theme, scale):
            apply_theme(application, window, theme, scale)
            settle()
            window.resize(size)
            settle()

        for scale in (1.0, 2.0):
            for theme in THEMES.values():
                dress(theme, scale)
                self.look = f"{theme.name}-{round(100 * scale)}"
                yield theme, scale
        dress(THEMES["light"], 1.0)

    def check(self, widget, name):
        """Keep a picture of this look of a state. Clipping is a failure."""
        name = f"{name}-{self.look}"
        self.keep(widget, name)
        assert (name, clipped(widget), scrolls_sideways(widget), cut_signs(widget)) == (name, [], [], [])


def settle():
    for _ in range(3):
        QApplication.processEvents()
