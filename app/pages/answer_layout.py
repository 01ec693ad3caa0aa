"""How the page of clips is arranged: first how many, then one clip at a time, then what changed."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.actions import TOLD_BY_KEYS
from app.widgets.clip_bar import ClipBar
from app.widgets.form import Choice
from app.widgets.likely_pad import LikelyPad
from app.widgets.notice import Notice
from app.widgets.picture_view import PictureView
from app.widgets.scroll import FollowingArea
from app.widgets.stack import PanelStack
from app.widgets.text import Button, ElidedLabel, card, label
from emoasst_core.cues.catalogue import Catalogue

SIDE_PX = 340
COLUMN_PX = 760


class AnswerLayout:
    """The widgets of the page in their places: `intro`, `asking` and `ending` lie on top of each other."""

    def __init__(self, page: QWidget, catalogue: Catalogue) -> None:
        self.back_button = Button("Start page", "plain", "back")
        self.title = ElidedLabel("heading")
        self.undo_button = Button("Undo", "plain", "undo")
        self.redo_button = Button("Redo", "plain", "redo")
        self.notice = Notice()
        self.count = label("", "title")
        self.promise = label("", "lead")
        self.adult_box = Choice()
        self.begin_button = Button("Start answering", "main")
        self.timeline_button = Button("Look at the timeline", "quiet")
        self.stop_button = Button("Stop here", "quiet", "stop")
        self.progress = label("", "heading")
        self.picture = PictureView()
        self.bar = ClipBar()
        self.words = label("", "body")
        self.heading = label(ask_about(""), "heading")
        self.doubt = label("", "body")
        self.doubt.hide()
        self.pad = LikelyPad(catalogue)
        self.unsure_button = _toggle("I am not sure", "U")
        self.told_buttons = {by: _toggle(by.capitalize(), key) for by, key in TOLD_BY_KEYS.items()}
        self.last = label("", "soft")
        self.thanks = label("", "title")
        self.changed = label("", "lead")
        self.versions = QVBoxLayout()
        self.done_timeline_button = Button("Look at the timeline", "quiet")
        self.done_button = Button("Go to the start page", "main")
        self.panels = PanelStack()
        self.intro, self.asking, self.ending = self._intro(), self._asking(), self._ending()
        for panel in (self.intro, self.asking, self.ending):
            self.panels.addWidget(panel)
        for button in (self.undo_button, self.redo_button):
            button.setEnabled(False)
        self._lay_out(page)

    def show(self, panel: QWidget) -> None:
        """Bring one of the three to the front."""
        self.panels.setCurrentWidget(panel)
        self.stop_button.setVisible(panel is self.asking)

    def name_undo(self, text: str) -> None:
        """Say what would be undone."""
        _name(self.undo_button, "Undo", text)

    def name_redo(self, text: str) -> None:
        """Say what would be redone."""
        _name(self.redo_button, "Redo", text)

    def say_words(self, before: str, here: str, after: str) -> None:
        """The words of the clip, with what was said around it."""
        lines = [
            f"… {before}" if before else "",
            f"“{here}”" if here else "No words were heard here.",
            f"{after} …" if after else "",
        ]
        self.words.setText("\n".join(line for line in lines if line))

    def _lay_out(self, page: QWidget) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.back_button)
        top.addWidget(self.title, 1)
        for button in (self.undo_button, self.redo_button, self.stop_button):
            top.addWidget(button)
        inside = QWidget()
        inside.setObjectName("scrolled")
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(24, 12, 24, 16)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(self.notice)
        layout.addWidget(self.panels, 1)
        area = FollowingArea()
        area.setWidget(inside)
        outside = QVBoxLayout(page)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(area)

    def _intro(self) -> QWidget:
        who = QHBoxLayout()
        who.setSpacing(12)
        asks = label("Who answers?", wraps=False)
        asks.setBuddy(self.adult_box)
        self.adult_box.setAccessibleName("Who answers?")
        who.addWidget(asks)
        who.addWidget(self.adult_box)
        who.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        for button in (self.begin_button, self.timeline_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        return _column(self.count, self.promise, who, buttons)

    def _asking(self) -> QWidget:
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addWidget(self.picture, 1)
        left.addWidget(self.bar)
        left.addWidget(self.words)
        frame = card("stage")
        frame.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        side = QVBoxLayout(frame)
        side.setContentsMargins(18, 14, 18, 12)
        side.setSpacing(8)
        side.addStrut(SIDE_PX)
        side.addWidget(self.progress)
        side.addWidget(self.heading)
        side.addWidget(self.doubt)
        side.addWidget(self.pad)
        side.addSpacing(4)
        side.addWidget(self.unsure_button)
        side.addWidget(label("What told you? (you may leave this out)", "soft"))
        told = QGridLayout()
        told.setSpacing(8)
        for place, button in enumerate(self.told_buttons.values()):
            told.addWidget(button, place // 2, place % 2)
        side.addLayout(told)
        side.addStretch(1)
        side.addWidget(self.last)
        panel = QWidget()
        both = QHBoxLayout(panel)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(20)
        both.addLayout(left, 1)
        both.addWidget(frame)
        return panel

    def _ending(self) -> QWidget:
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        for button in (self.done_button, self.done_timeline_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.versions.setSpacing(6)
        return _column(self.thanks, self.changed, self.versions, buttons)


def _column(*parts: QWidget | QHBoxLayout | QVBoxLayout) -> QWidget:
    """One column in the middle."""
    column = QWidget()
    column.setMaximumWidth(COLUMN_PX)
    layout = QVBoxLayout(column)
    layout.setSpacing(20)
    layout.addStretch(1)
    for part in parts:
        if isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    layout.addStretch(2)
    panel = QWidget()
    middle = QHBoxLayout(panel)
    middle.setContentsMargins(0, 0, 0, 0)
    middle.addStretch(1)
    middle.addWidget(column, 100)
    middle.addStretch(1)
    return panel


def _toggle(text: str, key: str) -> Button:
    button = Button(f"{text} ({key})", "quiet")
    button.setCheckable(True)
    button.setAccessibleName(text)
    return button


def _name(button: Button, verb: str, text: str) -> None:
    button.setText(verb)
    button.setToolTip(f"{verb} {text}".strip())
    button.setAccessibleName(f"{verb} {text}".strip())


def ask_about(name: str) -> str:
    """The question of a clip, with the person's name where it is known.

    >>> ask_about("Gran"), ask_about("")
    ('How does Gran seem to feel?', 'How does this person seem to feel?')
    """
    return f"How does {name or 'this person'} seem to feel?"
